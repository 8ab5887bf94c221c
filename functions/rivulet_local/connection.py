"""One kept-alive connection to a process: a request, then its whole answer, then the next request."""

from __future__ import annotations

import asyncio
from typing import cast

import httptools

from rivulet.straight import Pending
from rivulet_local.answer_reader import Answer, AnswerReader


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
        self._waiting: Pending[Answer] | None = None
        self._watch: asyncio.TimerHandle | None = None
        self._timeout = 0.0
        self._heard = 0.0
        self._reader = AnswerReader()

    @property
    def reusable(self) -> bool:
        """Whether another request may be sent."""
        return self._transport is not None and not self._transport.is_closing()

    @property
    def idle(self) -> float:
        """Seconds since the last answer."""
        return self._loop.time() - self._heard

    def exchange(self, request: bytes, timeout: float) -> Pending[Answer]:
        """Send a request; the answer is what is waited for, for so many seconds of silence."""
        assert self._transport is not None
        waiting: Pending[Answer] = Pending()
        self._waiting = waiting
        self._timeout, self._heard = timeout, self._loop.time()
        self._look_within(timeout)
        self._transport.write(request)
        return waiting

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
        self._heard = self._loop.time()
        if self._waiting is None:
            # Nobody has asked: it would be taken for the next answer.
            self.abort()
            return
        try:
            answer = self._reader.read(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            self.abort()
            self._fail(ConnectionError(f"what came is no HTTP answer: {error}"))
            return
        if answer:
            self._told(answer)

    def eof_received(self) -> None:
        """Notice that nothing more comes; called by the event loop, which then closes the connection."""
        if self._waiting is not None and (answer := self._reader.ended()):
            self._told(answer)

    def connection_lost(self, exc: Exception | None) -> None:
        """End; called by the event loop."""
        self._among.discard(self)
        if self._watch is not None:
            self._watch.cancel()
        self._fail(exc or ConnectionResetError("the connection ended"))

    def _told(self, answer: Answer) -> None:
        """Give the answer to the one who waits for it, who may send the next request before this returns."""
        waiting, self._waiting = self._waiting, None
        if not self._reader.goes_on:
            self.abort()
        if waiting is not None:
            waiting.settle(answer)

    def _fail(self, error: Exception) -> None:
        waiting, self._waiting = self._waiting, None
        if waiting is not None:
            waiting.fail(error)

    def _look_within(self, seconds: float) -> None:
        """Have the watch look no later than that; one that looks earlier finds out how long is left."""
        if self._watch is not None:
            if self._watch.when() <= self._loop.time() + seconds:
                return
            self._watch.cancel()
        self._watch = self._loop.call_later(seconds, self._look)

    def _look(self) -> None:
        self._watch = None
        if self._waiting is None:
            return
        left = self._heard + self._timeout - self._loop.time()
        if left > 0:
            self._look_within(left)
        else:
            self._fail(TimeoutError())
