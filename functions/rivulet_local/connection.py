"""One kept-alive connection to a process: a request, then its whole answer, then the next request."""

from __future__ import annotations

import asyncio
import functools
from typing import NamedTuple, cast

import httptools
from multidict import CIMultiDict, istr


@functools.lru_cache(256)
def _name(name: bytes) -> str:
    return istr(name.decode("latin-1"))  # which knows itself in lower case


class Answer(NamedTuple):
    """What a process answered."""

    status: int
    headers: CIMultiDict[str]
    body: bytes


class Connection(asyncio.Protocol):
    """One connection, with one request at a time.

    Parameters
    ----------
    among
        The connections that are open, among which it stands from its beginning to its end.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, among: set[Connection]) -> None:
        self._loop = loop
        self._among = among
        self._transport: asyncio.Transport | None = None
        self._answer: asyncio.Future[Answer] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._timeout = 0.0
        self._since = 0.0
        self._parser = httptools.HttpResponseParser(self)
        self._begin()

    def _begin(self) -> None:
        self._headers: CIMultiDict[str] = CIMultiDict()
        self._body: list[bytes] = []
        self._head_complete = False

    @property
    def reusable(self) -> bool:
        """Whether another request may be sent."""
        return self._transport is not None and not self._transport.is_closing()

    @property
    def idle(self) -> float:
        """Seconds since the last answer."""
        return self._loop.time() - self._since

    @property
    def _answered(self) -> bool:
        return self._answer is None or self._answer.done()

    async def exchange(self, request: bytes, timeout: float) -> Answer:
        """Send a request and wait for the answer."""
        assert self._transport is not None
        self._answer = self._loop.create_future()
        self._timeout = timeout
        self._timer = self._loop.call_later(timeout, self._fail, TimeoutError())
        self._transport.write(request)
        try:
            return await self._answer
        finally:
            self._timer.cancel()

    def abort(self) -> None:
        """End it at once."""
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin; called by the event loop."""
        self._transport = cast("asyncio.Transport", transport)  # other event loops have classes of their own
        self._among.add(self)

    def data_received(self, data: bytes) -> None:
        """Take what came; called by the event loop."""
        if self._answered:
            # Nobody has asked: it would be taken for the next answer.
            self.abort()
            return
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            self._fail(ConnectionError(f"what came is no HTTP answer: {error}"))
            self.abort()
            return
        if self._timer is not None and not self._answered:
            self._timer.cancel()
            self._timer = self._loop.call_later(self._timeout, self._fail, TimeoutError())

    def eof_received(self) -> None:
        """Notice that nothing more comes; called by the event loop, which then closes the connection."""
        sized = "Content-Length" in self._headers or "Transfer-Encoding" in self._headers
        if self._head_complete and not sized:
            # Such a body is what came until the end.
            self.on_message_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """End; called by the event loop."""
        self._among.discard(self)
        self._fail(exc or ConnectionResetError("the connection ended"))

    def _fail(self, error: Exception) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(error)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header; called by the parser, like those below."""
        self._headers.add(_name(name), value.decode("utf-8", "surrogateescape"))

    def on_headers_complete(self) -> None:
        """Notice that no more headers come."""
        self._head_complete = True

    def on_body(self, body: bytes) -> None:
        """Take a part of the body."""
        self._body.append(body)

    def on_message_complete(self) -> None:
        """Give the answer to the one who waits for it."""
        status = self._parser.get_status_code()
        if status < 200:
            # The answer itself is still to come.
            self._begin()
            return
        if self._answered or not self._parser.should_keep_alive():
            self.abort()
        if self._answer is not None and not self._answered:
            self._answer.set_result(Answer(status, self._headers, b"".join(self._body)))
        self._since = self._loop.time()
        self._begin()
