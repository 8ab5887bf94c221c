"""The forecasts that every model has to beat: the last value, and the value one season ago."""

from __future__ import annotations

from collections import deque
from typing import Any

from rivulet.accuracy import Accuracy

NAIVE = "naive"
SEASONAL_NAIVE = "seasonal_naive"


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
        self.accuracy = {NAIVE: Accuracy(), SEASONAL_NAIVE: Accuracy()}
        self._recent: deque[float] = deque(maxlen=season)

    def add(self, seq: int, value: float) -> None:
        """Predict `value`, as far as there is something to predict it from, then remember it."""
        if self._recent:
            self.accuracy[NAIVE].add(value, self._recent[-1])
        if len(self._recent) == self.season:
            self.accuracy[SEASONAL_NAIVE].add(value, self._recent[0])
        self._recent.append(value)
        self.seq = seq

    def to_json(self) -> dict[str, Any]:
        """Return what `from_json` restores."""
        accuracy = {name: accuracy.to_json() for name, accuracy in self.accuracy.items()}
        return {"season": self.season, "seq": self.seq, "recent": list(self._recent), "accuracy": accuracy}

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Baselines:
        """Restore what `to_json` returned."""
        baselines = cls(value["season"])
        baselines.seq = value["seq"]
        baselines._recent.extend(value["recent"])
        baselines.accuracy = {name: Accuracy.from_json(item) for name, item in value["accuracy"].items()}
        return baselines
