"""One connection to Redis that all requests on the event loop share: commands are pipelined, none waits for another."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from rivulet.channel import Channel
from rivulet.errors import Detour, OutOfReach
from rivulet.straight import Pending, in_task

_CONNECT_WITHIN = 1.0
_REST = 1.0  # seconds until a connection that failed is tried again


class Lane:
    """A pipelined connection, opened when it is first asked for, and again a second after it was lost.

    While there is none, whoever asks takes a detour: the client of the ordinary way waits for Redis, and says what is
    wrong.

    Parameters
    ----------
    options
        Host, port, username, password and number of the database, as far as they are given; ``None`` for a Redis that
        is not spoken to this way.
    """

    def __init__(self, options: Mapping[str, Any] | None) -> None:
        self._options = options
        self._scripts: dict[str, str] = {}
        self._channel: Channel | None = None
        self._opening: asyncio.Task[None] | None = None
        self._not_before = 0.0

    @property
    def open(self) -> bool:
        """Whether there is a connection; where there is none, one is being made from now on."""
        if self._channel is not None and self._channel.open:
            return True
        self._open()
        return False

    def add(self, source: str) -> str:
        """Have a Lua script be known on each connection, and return its hash."""
        digest = hashlib.sha1(source.encode(), usedforsecurity=False).hexdigest()
        self._scripts[digest] = source
        return digest

    def run(self, digest: str, keys: Sequence[str], args: Sequence[Any]) -> Pending[Any]:
        """Run a script; what is run in turn is run in this order.

        Waiting for it raises `OutOfReach` if there was no answer in time, ``ConnectionError`` if the connection ended
        first, and `Detour` if Redis answered with an error.

        Raises
        ------
        Detour
            If there is no connection at present: nothing was sent, and one is being made.
        """
        if not self.open or self._channel is None:
            raise Detour
        return self._channel.send("EVALSHA", digest, len(keys), *keys, *args)

    def _open(self) -> None:
        loop = asyncio.get_running_loop()
        if self._options is not None and self._opening is None and loop.time() >= self._not_before:
            self._opening = loop.create_task(self._connect())

    async def _connect(self) -> None:
        loop, options = asyncio.get_running_loop(), self._options or {}
        channel: Channel | None = None
        try:
            async with asyncio.timeout(_CONNECT_WITHIN):
                where = options.get("host", "localhost"), options.get("port", 6379)
                _, channel = await loop.create_connection(Channel, *where)
                await in_task(self._prepare(channel))
                self._channel = channel
        except (OSError, OutOfReach, Detour):  # the ordinary way meets the same, and says so
            self._not_before = loop.time() + _REST
            if channel:
                channel.close()
        finally:
            self._opening = None

    async def _prepare(self, channel: Channel) -> None:
        options = self._options or {}
        if options.get("password"):
            await channel.send("AUTH", options.get("username") or "default", options["password"])
        if options.get("db"):
            await channel.send("SELECT", options["db"])
        for source in self._scripts.values():
            await channel.send("SCRIPT", "LOAD", source)


async def surely(sent: Pending[Any]) -> Any:
    """Wait for what was sent, where doing it again would do no harm.

    Raises
    ------
    Detour
        If Redis has not surely done it.
    """
    try:
        return await sent
    except (OutOfReach, ConnectionError):
        raise Detour from None
