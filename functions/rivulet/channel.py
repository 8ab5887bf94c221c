"""A connection to Redis that is spoken to without waiting: packed and read in C, answered in the order of asking."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Any, cast

import hiredis

from rivulet.errors import Detour, OutOfReach
from rivulet.straight import Pending

_ANSWER_WITHIN = 2.0


class Channel(asyncio.Protocol):
    """A connection; what is sent in turn is done in turn. It ends when an answer takes too long."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._reader = hiredis.Reader()
        self._waiting: deque[tuple[float, Pending[Any]]] = deque()
        self._transport: asyncio.WriteTransport | None = None
        self._watch: asyncio.TimerHandle | None = None

    @property
    def open(self) -> bool:
        """Whether something can be sent."""
        return self._transport is not None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin; called by the event loop, like the two below."""
        self._transport = cast(asyncio.WriteTransport, transport)  # uvloop's is one, and does not say so

    def connection_lost(self, error: Exception | None) -> None:
        """End."""
        self._end(ConnectionResetError("the connection to Redis ended"))

    def send(self, *command: Any) -> Pending[Any]:
        """Send a command.

        Waiting for it raises `OutOfReach` if there was no answer in time, ``ConnectionError`` if the connection ended
        first, and `Detour` if Redis answered with an error.

        Raises
        ------
        Detour
            If the connection has ended: nothing was sent.
        """
        if self._transport is None:
            raise Detour
        answer: Pending[Any] = Pending()
        self._waiting.append((self._loop.time() + _ANSWER_WITHIN, answer))
        self._transport.write(hiredis.pack_command(command))
        if self._watch is None:
            self._watch = self._loop.call_later(_ANSWER_WITHIN, self._look)
        return answer

    def data_received(self, data: bytes) -> None:
        """Have those go on whose answers came."""
        self._reader.feed(data)
        while (reply := self._reader.gets()) is not False:
            answer = self._waiting.popleft()[1]
            if isinstance(reply, hiredis.ReplyError):
                answer.fail(Detour(str(reply)))  # an error is an answer: nothing was done
            else:
                answer.settle(reply)

    def close(self) -> None:
        """End it at once."""
        if self._transport:
            self._transport.abort()

    def _look(self) -> None:
        """End a connection whose oldest command has waited too long; none that follow will fare better."""
        self._watch = None
        if not self._waiting:
            return
        patience = self._waiting[0][0] - self._loop.time()
        if patience > 0:
            self._watch = self._loop.call_later(patience, self._look)
            return
        self.close()
        self._end(OutOfReach(f"Redis is out of reach: no answer within {_ANSWER_WITHIN:g} s", retry_after=1))

    def _end(self, error: Exception) -> None:
        self._transport = None
        while self._waiting:
            self._waiting.popleft()[1].fail(error)
