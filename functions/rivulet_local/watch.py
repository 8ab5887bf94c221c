"""``watch``: what happens, in a terminal; it asks the exporter alone, so it wakes nothing."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
import time
from collections import defaultdict

import aiohttp
from rich.console import Console, RenderableType
from rich.live import Live
from rich.text import Text

from rivulet_local.watch_state import History, Reading, read
from rivulet_local.watch_view import view

_EVERY = 1.0
_TIMEOUT = aiohttp.ClientTimeout(total=10)


class Watch:
    """The view of one address.

    Parameters
    ----------
    address
        Where the metrics are.
    series
        Which series is shown; empty for the one that was observed last.
    """

    def __init__(self, address: str, series: str) -> None:
        self._address = address
        self._series = series
        self._histories: defaultdict[str, History] = defaultdict(History)

    async def look(self, session: aiohttp.ClientSession) -> tuple[bool, RenderableType]:
        """Ask once; return whether there was an answer, and what to show."""
        try:
            async with session.get(self._address, raise_for_status=True) as response:
                reading = read(await response.text())
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            hint = "start a platform with `task up`, or give the address of an exporter"
            return False, Text(f"No metrics at {self._address} ({type(error).__name__}): {hint}.", style="red")
        for name, series in reading.series.items():
            self._histories[name].add(series)
        chosen = self._chosen(reading)
        if chosen is None:
            return reading.redis_up, Text("No series yet." if reading.redis_up else "Redis is away.")
        return True, view(reading, chosen, self._histories[chosen], time.time())

    def _chosen(self, reading: Reading) -> str | None:
        if self._series:
            return self._series if self._series in reading.series else None
        newest = sorted(reading.series, key=lambda name: reading.series[name].observed_at or 0.0)
        return newest[-1] if newest else None


async def watch(address: str, series: str, once: bool) -> int:
    """Show it until Ctrl-C, or once; return the exit code."""
    shown = Watch(address, series)
    async with aiohttp.ClientSession(timeout=_TIMEOUT) as session:
        answered, picture = await shown.look(session)
        if once or not sys.stdout.isatty():
            Console().print(picture)
            return 0 if answered else 1
        stop = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        with Live(picture, screen=True, auto_refresh=False) as live:
            while not stop.is_set():
                live.update((await shown.look(session))[1], refresh=True)
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), _EVERY)
    return 0
