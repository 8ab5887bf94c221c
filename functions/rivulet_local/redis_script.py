"""A Lua script over a connection of its own, for who runs it hundreds of times a second.

The all-round client spends more on each call than Redis does.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from rivulet.channel import Channel
from rivulet.errors import Detour, OutOfReach
from rivulet.straight import in_task

_CONNECT_WITHIN = 2.0


class RedisScript:
    """Connects, and loads the script, when it is first run, and again after the connection was lost.

    Parameters
    ----------
    host, port
        Where Redis is.
    source
        The script's text.
    """

    def __init__(self, host: str, port: int, source: str) -> None:
        self._address = host, port
        self._source = source
        self._digest = b""
        self._channel: Channel | None = None

    async def run(self, keys: Sequence[str], *arguments: bytes) -> None:
        """Run it.

        Raises
        ------
        OSError
            If Redis has not surely done it.
        """
        try:
            channel = self._channel if self._channel and self._channel.open else await self._connect()
            await in_task(self._run(channel, keys, arguments))
        except (OutOfReach, Detour) as error:
            self.close()
            raise ConnectionError(str(error)) from None

    def close(self) -> None:
        """End the connection."""
        if self._channel is not None:
            self._channel.close()
            self._channel = None

    async def _connect(self) -> Channel:
        async with asyncio.timeout(_CONNECT_WITHIN):
            _, self._channel = await asyncio.get_running_loop().create_connection(Channel, *self._address)
        self._digest = await in_task(self._load(self._channel))
        return self._channel

    async def _load(self, channel: Channel) -> bytes:
        digest: bytes = await channel.send("SCRIPT", "LOAD", self._source)
        return digest

    async def _run(self, channel: Channel, keys: Sequence[str], arguments: Sequence[bytes]) -> None:
        await channel.send("EVALSHA", self._digest, len(keys), *keys, *arguments)
