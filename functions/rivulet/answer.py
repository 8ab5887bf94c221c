"""An answer, ready to be sent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

EXPRESS = "rivulet.express"  # the extension by which an application says that it has an express way

_JSON = ((b"content-type", b"application/json"),)


class Answer(NamedTuple):
    """Status, body and headers; the body's length is added when it is sent."""

    status: int
    body: bytes = b""
    headers: Sequence[tuple[bytes, bytes]] = ()

    def fields(self) -> list[tuple[bytes, bytes]]:
        """Return the headers with the body's length; a 204 has no body, and says nothing of its length."""
        length = [(b"content-length", b"%d" % len(self.body))] if self.status != 204 else []
        return [*self.headers, *length]


def json_answer(body: bytes, status: int = 200) -> Answer:
    """Return an answer whose body is JSON."""
    return Answer(status, body, _JSON)
