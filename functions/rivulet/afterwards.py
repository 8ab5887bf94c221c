"""Work that follows answers, so that nobody has to wait for it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


class Afterwards:
    """Has work done on a thread after an answer that was given on the event loop, once for many answers.

    Parameters
    ----------
    work
        Does all that there is to do at the time.
    every
        Seconds between two times, under load; after a single answer it is done at once.
    """

    def __init__(self, work: Callable[[], None], every: float = 0.2) -> None:
        self._work = work
        self._every = every
        self._last = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def due(self) -> None:
        """Note that there is something to do."""
        if self._timer is None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_at(max(loop.time(), self._last + self._every), self._begin)

    def _begin(self) -> None:
        loop = asyncio.get_running_loop()
        self._timer, self._last = None, loop.time()
        loop.run_in_executor(None, self._work)
