"""An answer, ready to be sent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

_JSON = b"content-type: application/json\r\n"


class Answer(NamedTuple):
    """An answer; its body's length is added when it is sent.

    Attributes
    ----------
    headers
        Of an answer of the ordinary way.
    lines
        The same of the express way, which sends it by itself: as they are sent.
    """

    status: int
    body: bytes = b""
    headers: Sequence[tuple[bytes, bytes]] = ()
    lines: bytes = b""

    def head(self) -> bytes:
        """Return the lines with the body's length; a 204 has no body, and says nothing of its length."""
        return self.lines if self.status == 204 else b"%bcontent-length: %d\r\n" % (self.lines, len(self.body))

    def fields(self) -> list[tuple[bytes, bytes]]:
        """Return the headers with the same."""
        length = [(b"content-length", b"%d" % len(self.body))] if self.status != 204 else []
        return [*self.headers, *length]


def json_answer(body: bytes, status: int = 200) -> Answer:
    """Return an answer whose body is JSON."""
    return Answer(status, body, lines=_JSON)
