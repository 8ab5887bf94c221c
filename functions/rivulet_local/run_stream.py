"""The stream of a run: ticks go out no faster than the slowest model learns."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Collection
from typing import Any

from rivulet_local.run_client import PlatformClient, RunError

AHEAD = 256
_FIRST_LOOK = 0.1
_SOONEST, _LATEST = 0.03, 0.3  # each look costs the ledger as much as some dozen predictions
STALLED = 60.0


def learned(board: dict[str, Any] | None, models: Collection[str]) -> int:
    """Return how many observations the slowest of `models` has predicted; one without a row has none."""
    counts = {row["model"]: row["count"] for row in board["rows"] if row["kind"] == "model"} if board else {}
    return min((counts.get(model, 0) for model in models), default=0)


def look_after(left: int, pace: float) -> float:
    """Return the seconds after which to look again, if so many observations are left at so many a second.

    Halfway: the end is neither missed by much, nor looked for all the time.
    """
    return max(_SOONEST, min(left / pace / 2, _LATEST))


class Stream:
    """Sends a series' ticks and follows what becomes of them.

    Parameters
    ----------
    rows
        How many ticks are sent.
    show
        Is called with the number of observations that every model has predicted.
    """

    def __init__(self, client: PlatformClient, series: str, rows: int, show: Callable[[int], None]) -> None:
        self._client = client
        self._series = series
        self._rows = rows
        self._show = show
        self._done = 0
        self._models: set[str] = set()
        self._moved = asyncio.Event()

    async def run(self) -> set[str]:
        """Stream until every model has predicted each row.

        Returns
        -------
        set of str
            The models.

        Raises
        ------
        RunError
            If nothing moves any more.
        """
        tasks = {asyncio.create_task(self._send()), asyncio.create_task(self._follow())}
        try:
            finished, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
            for task in finished:
                task.result()
        finally:
            for task in tasks:
                task.cancel()
            self._client.close()
        return self._models

    async def _send(self) -> None:
        for number in range(1, self._rows + 1):
            while number - self._done > AHEAD:
                self._moved.clear()
                await self._moved.wait()
            await self._client.tick(self._series, number)

    async def _follow(self) -> None:
        loop = asyncio.get_running_loop()
        moved = loop.time()
        pause = _FIRST_LOOK
        while self._done < self._rows:
            await asyncio.sleep(pause)
            self._models = self._models or await self._client.models(self._series)
            done = learned(await self._client.leaderboard(self._series), self._models)
            if done > self._done:
                pace = (done - self._done) / (loop.time() - moved)
                pause = look_after(min(self._rows - done, AHEAD), pace)
                self._done, moved = done, loop.time()
                self._moved.set()
                self._show(min(done, self._rows))
            elif loop.time() - moved > STALLED:
                raise RunError(await self._why())

    async def _why(self) -> str:
        broker = await self._client.broker_state()
        letters = await self._client.dead_letters(self._series)
        lines = [
            f"Nothing has moved for {STALLED:.0f} s: every model has predicted {self._done} of {self._rows} "
            f"observations; of the Broker's deliveries {broker['queued']} are queued, {broker['in_flight']} on their "
            f"way, {broker['dead']} dead.",
            *describe(letters),
        ]
        return "\n".join(lines)


def describe(letters: list[dict[str, Any]], most: int = 3) -> list[str]:
    """Say in a line each what the first dead letters are."""
    lines = [f"Dead letter: {json.dumps(letter, ensure_ascii=False)[:400]}" for letter in letters[:most]]
    return lines + ([f"... and {len(letters) - most} more"] if len(letters) > most else [])
