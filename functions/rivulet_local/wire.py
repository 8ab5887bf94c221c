"""Kept-alive connections to one process, for deliveries: the little of HTTP that they need.

Deliveries are most of what the platform does, and an all-round client spends more on each than everything else
together. Requests of people, whose bodies may be streams, go the other way, through aiohttp.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from rivulet_local.connection import Answer, Connection

# Idle connections end well before gunicorn ends them (``keepalive`` in its configuration), so that a request never
# meets one that is just being closed.
KEPT_ALIVE = 30.0


class NothingSent(ConnectionError):
    """There was no connection over which the request could have been sent."""


class Wire:
    """The connections to a port of 127.0.0.1, as many as there are requests at once."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._host = f"Host: 127.0.0.1:{port}"
        self._idle: list[Connection] = []
        self._open: set[Connection] = set()
        self._closed = False

    async def post(self, path: str, headers: Mapping[str, str], body: bytes, timeout: float) -> Answer:
        """Send a request, and return the whole answer.

        Parameters
        ----------
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
        lines = [f"POST {path} HTTP/1.1", self._host, *[f"{name}: {value}" for name, value in headers.items()]]
        head = "\r\n".join([*lines, f"Content-Length: {len(body)}\r\n\r\n"])
        connection = self._kept() or await self._connect(timeout)
        try:
            answer = await connection.exchange(head.encode() + body, timeout)
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
                    lambda: Connection(loop, self._open), "127.0.0.1", self._port
                )
        except TimeoutError:
            raise  # it is an OSError, but says that somebody is there
        except OSError as error:
            raise NothingSent(str(error)) from None
        return connection
