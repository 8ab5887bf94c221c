"""An answer, ready to be sent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class Answer(NamedTuple):
    """Status, body and headers; the body's length is added when it is sent."""

    status: int
    body: bytes = b""
    headers: Sequence[tuple[bytes, bytes]] = ()
