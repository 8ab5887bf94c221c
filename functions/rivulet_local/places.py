"""Places for so many at once: taken without waiting where one is free, else in turn."""

from __future__ import annotations

import asyncio
from collections import deque


class Places:
    """Counts who is in, and lets the others in one after the other.

    Parameters
    ----------
    count
        How many there are; 0 for no bound.
    """

    def __init__(self, count: int) -> None:
        self._free = float(count or "inf")
        self._waiting: deque[asyncio.Future[None]] = deque()

    def take(self) -> bool:
        """Take a place, if one is free; then nobody waits for one."""
        if not self._free:
            return False
        self._free -= 1
        return True

    async def wait(self) -> None:
        """Take a place as soon as one is free."""
        if self.take():
            return
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if not turn.cancelled():  # it had been given one
                self.give_back()
            raise

    def give_back(self) -> None:
        """Leave a place to the next one who waits."""
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        self._free += 1
