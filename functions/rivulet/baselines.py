"""The forecasts that every model has to beat: the last value, the value one season ago, and a straight line."""

from __future__ import annotations

from collections import deque
from typing import Any

from rivulet.accuracy import Accuracy

NAIVE = "naive"
SEASONAL_NAIVE = "seasonal_naive"
DRIFT = "drift"
NAMES = (NAIVE, SEASONAL_NAIVE, DRIFT)


class Baselines:
    """A fold of a series' values.

    Parameters
    ----------
    season
        Length of the season, in observations.
    """

    def __init__(self, season: int) -> None:
        self.season = season
        self.seq = 0
        self.accuracy = {name: Accuracy() for name in NAMES}
        self._recent: deque[float] = deque(maxlen=season)
        self._first = 0.0
        self._count = 0

    @classmethod
    def since(cls, season: int, first: float, count: int) -> Baselines:
        """Return baselines that begin after `count` values of a series, of which only the first is known."""
        baselines = cls(season)
        baselines._first, baselines._count = first, count
        return baselines

    def forecasts(self, steps: int) -> dict[str, list[float]]:
        """Return what each expects of the next steps, as far as there is something to expect it from."""
        if not self._recent:
            return {}
        last = self._recent[-1]
        found = {NAIVE: [last] * steps}
        if len(self._recent) == self.season:
            found[SEASONAL_NAIVE] = [self._recent[step % self.season] for step in range(steps)]
        if self._count > 1:
            slope = (last - self._first) / (self._count - 1)
            found[DRIFT] = [last + slope * step for step in range(1, steps + 1)]
        return found

    def add(self, seq: int, value: float) -> None:
        """Predict `value`, as far as there is something to predict it from, then remember it."""
        for name, forecast in self.forecasts(1).items():
            self.accuracy[name].add(value, forecast[0])
        if not self._count:
            self._first = value
        self._count += 1
        self._recent.append(value)
        self.seq = seq

    def to_json(self) -> dict[str, Any]:
        """Return what `from_json` restores."""
        accuracy = {name: accuracy.to_json() for name, accuracy in self.accuracy.items()}
        values = {"recent": list(self._recent), "first": self._first, "count": self._count}
        return {"season": self.season, "seq": self.seq, **values, "accuracy": accuracy}

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Baselines:
        """Restore what `to_json` returned.

        Raises
        ------
        KeyError
            If it was kept by an earlier version, which knew fewer baselines.
        """
        baselines = cls(value["season"])
        baselines.seq = value["seq"]
        baselines._recent.extend(value["recent"])
        baselines._first, baselines._count = value["first"], value["count"]
        baselines.accuracy = {name: Accuracy.from_json(value["accuracy"][name]) for name in NAMES}
        return baselines
