"""The answers that come over one connection, read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import httptools

from rivulet.heads import plain


class Answer(NamedTuple):
    """What a process answered; the headers by their names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class AnswerReader:
    """Reads answers: those that come whole, and as functions write them, at a glance; all others bit by bit.

    Attributes
    ----------
    goes_on
        Whether another answer may follow the one that was read last.
    """

    def __init__(self) -> None:
        self.goes_on = True
        self._parser = httptools.HttpResponseParser(self)
        self._between = True
        self._answer: Answer | None = None
        self._begin()

    def _begin(self) -> None:
        self._headers: dict[str, str] = {}
        self._body: list[bytes] = []
        self._head_complete = False

    def read(self, data: bytes) -> Answer | None:
        """Return the answer, once all of it is there.

        Raises
        ------
        HttpParserError
            If it is none.
        """
        if self._between and (answer := _whole(data)):
            return answer
        self._between = False
        self._parser.feed_data(data)
        return self._taken()

    def ended(self) -> Answer | None:
        """Return the answer that had no end but that of the connection, if there is one."""
        sized = "content-length" in self._headers or "transfer-encoding" in self._headers
        if self._head_complete and not sized:
            self.on_message_complete()
        return self._taken()

    def _taken(self) -> Answer | None:
        answer, self._answer = self._answer, None
        return answer

    def on_message_begin(self) -> None:
        """Notice a message; called by the parser, like those below."""
        if self._answer is not None:
            self.goes_on = False  # more than was asked for

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header."""
        self._headers[name.decode("latin-1").lower()] = value.decode("utf-8", "surrogateescape")

    def on_headers_complete(self) -> None:
        """Notice that no more headers come."""
        self._head_complete = True

    def on_body(self, body: bytes) -> None:
        """Take a part of the body."""
        self._body.append(body)

    def on_message_complete(self) -> None:
        """Put the answer together."""
        status = self._parser.get_status_code()
        if status >= 200 and self.goes_on:  # before that, the answer itself is still to come
            self._answer = Answer(status, self._headers, b"".join(self._body))
            self._between = True
            self.goes_on = self._parser.should_keep_alive()
        self._begin()


def _whole(data: bytes) -> Answer | None:
    """Return an answer that came whole, and leaves no doubt how it is to be read."""
    if not data.startswith((b"HTTP/1.1 200 ", b"HTTP/1.1 204 ")):
        return None
    begin, end = data.find(b"\r\n") + 2, data.find(b"\r\n\r\n") + 2
    headers = plain(data[begin:end]) if begin <= end else None
    if headers is None or "transfer-encoding" in headers:
        return None
    status, body = int(data[9:12]), data[end + 2 :]
    sized = headers.get("content-length") == str(len(body)) if status == 200 else not body
    return Answer(status, headers, body) if sized else None
