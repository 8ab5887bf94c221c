"""Transactions over a connection to Redis of their own, for who makes hundreds a second.

The all-round client spends more on each call than Redis does.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence

import hiredis

from rivulet.channel import Channel
from rivulet.errors import Detour, OutOfReach
from rivulet.straight import of_task

_CONNECT_WITHIN = 2.0


class Transactions:
    """Connects when it is first needed, and again after the connection was lost.

    Parameters
    ----------
    host, port
        Where Redis is.
    """

    def __init__(self, host: str, port: int) -> None:
        self._address = host, port
        self._channel: Channel | None = None

    async def run(self, commands: Iterable[Sequence[str | bytes]]) -> None:
        """Have all of the commands done, or none; to be run straight.

        Raises
        ------
        OSError
            If Redis has not surely done them.
        """
        try:
            channel = self._channel if self._channel and self._channel.open else await of_task(self._connect())
            channel.send("MULTI")
            for command in commands:
                channel.send(*command)
            replies = await channel.send("EXEC")
        except (OutOfReach, Detour) as error:
            self.close()
            raise ConnectionError(str(error)) from None
        for reply in replies:
            if isinstance(reply, hiredis.ReplyError):
                raise ConnectionError(str(reply))

    def close(self) -> None:
        """End the connection."""
        if self._channel is not None:
            self._channel.close()
            self._channel = None

    async def _connect(self) -> Channel:
        async with asyncio.timeout(_CONNECT_WITHIN):
            _, self._channel = await asyncio.get_running_loop().create_connection(Channel, *self._address)
        return self._channel
