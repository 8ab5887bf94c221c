"""Kept-alive connections to one process, for events: the little of HTTP that they need.

Deliveries are most of what the platform does, and an all-round client spends more on each than everything else
together; so it would on the ticks of a run. Requests of people, whose bodies may be streams, go the other way, through
aiohttp.
"""

from __future__ import annotations

import asyncio

from rivulet.straight import of_task
from rivulet_local.answer_reader import Answer
from rivulet_local.connection import Connection

# Idle connections end well before gunicorn ends them (``keepalive`` in its configuration), so that a request never
# meets one that is just being closed.
KEPT_ALIVE = 30.0


class NothingSent(ConnectionError):
    """There was no connection over which the request could have been sent."""


class Wire:
    """The connections to a port, as many as there are requests at once."""

    def __init__(self, port: int, host: str = "127.0.0.1") -> None:
        self._host, self._port = host, port
        self._beginnings: dict[str, bytes] = {}
        self._idle: list[Connection] = []
        self._open: set[Connection] = set()
        self._closed = False

    async def post(self, path: str, message: bytes, timeout: float) -> Answer:
        """Send a request, and return the whole answer; to be run straight.

        Parameters
        ----------
        message
            What follows the Host header: other headers, the length among them, and the body.
        timeout
            Seconds that the process may be silent.

        Raises
        ------
        NothingSent
            If it cannot be reached.
        TimeoutError
            If it is silent for too long.
        ConnectionError
            If the connection ends before the answer does, or what comes is no HTTP.
        """
        beginning = self._beginnings.get(path)
        if beginning is None:
            host = f"[{self._host}]" if ":" in self._host else self._host
            beginning = f"POST {path} HTTP/1.1\r\nHost: {host}:{self._port}\r\n".encode()
            self._beginnings[path] = beginning
        connection = self._kept()
        if connection is None:
            connection = await of_task(self._connect(timeout))
        try:
            answer = await connection.exchange(beginning + message, timeout)
        except BaseException:
            # What may still come over it would be taken for the next answer.
            connection.abort()
            raise
        if connection.reusable:
            self._idle.append(connection)
        return answer

    def close(self) -> None:
        """End all connections, and open none any more."""
        self._closed = True
        for connection in list(self._open):
            connection.abort()

    def _kept(self) -> Connection | None:
        while self._idle:
            connection = self._idle.pop()
            if connection.reusable and connection.idle < KEPT_ALIVE:
                return connection
            connection.abort()
        return None

    async def _connect(self, timeout: float) -> Connection:
        if self._closed:
            raise NothingSent("its process ended")
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(timeout):
                _, connection = await loop.create_connection(
                    lambda: Connection(loop, self._open), self._host, self._port
                )
        except TimeoutError:
            raise  # it is an OSError, but says that somebody is there
        except OSError as error:
            raise NothingSent(str(error)) from None
        return connection
