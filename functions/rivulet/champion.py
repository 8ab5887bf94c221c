"""The champion: one forecast out of those of all models and baselines, each heard by how near it came lately.

The weights are those of `rivulet.anchors.shares`, of a lower power: the forecasters resemble one another, and a mean
of several good ones is better than the best of them (J. M. Bates, C. W. J. Granger: The Combination of Forecasts.
Operational Research Quarterly 20(4), 1969).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from rivulet.accuracy import Accuracy
from rivulet.anchors.shares import Loss, shares
from rivulet.baselines import Baselines

NAME = "champion"
POWER = 6
_WORST = 10.0  # times the champion's usual error: what an outlier may cost


class Champion:
    """A fold of recorded predictions and of the values that came.

    Parameters
    ----------
    season
        Length of the season of the seasonal naive forecast.

    Attributes
    ----------
    forecast
        What it expects next.
    """

    def __init__(self, season: int) -> None:
        self.baselines = Baselines(season)
        self.accuracy = Accuracy()
        self.forecast: list[float] = []
        self._losses: dict[str, Loss] = {}
        self._own = Loss()

    @property
    def seq(self) -> int:
        """The number of the newest observation in it."""
        return self.baselines.seq

    def weights(self, names: list[str]) -> dict[str, float]:
        """Return how much each of the forecasters is heard; they add up to one."""
        known = [(self._losses.get(name, Loss()), name) for name in names]
        return {name: share for share, name in shares(known, POWER)}

    def add(self, seq: int, target: float, predictions: Mapping[str, float]) -> float:
        """Take in what the models had predicted of an observation, and what it was.

        Returns
        -------
        float
            What the champion had predicted.

        Raises
        ------
        ValueError
            If nobody predicted anything.
        """
        said = {**predictions, **{name: steps[0] for name, steps in self.baselines.forecasts(1).items()}}
        if not said:
            raise ValueError(f"observation {seq}: nobody predicted it")
        prediction = sum(weight * said[name] for name, weight in self.weights(list(said)).items())
        if self.baselines.seq:  # of the first observation nobody can know anything: it says nothing about anyone
            self._score(target, prediction, said)
        self.accuracy.add(target, prediction)
        self.baselines.add(seq, target)
        return prediction

    def _score(self, target: float, prediction: float, said: Mapping[str, float]) -> None:
        most = _WORST * self._own.mean or math.inf
        for name, value in said.items():
            self._losses.setdefault(name, Loss()).add(min(abs(target - value), most))
        self._own.add(min(abs(target - prediction), most))

    def look_ahead(self, forecasts: Mapping[str, list[float]]) -> list[float]:
        """Set the forecast, from those that the models made after the newest observation."""
        steps = min(map(len, forecasts.values()), default=0)
        ahead = {**forecasts, **self.baselines.forecasts(steps)}
        weights = self.weights(list(ahead))
        self.forecast = [sum(weight * ahead[name][step] for name, weight in weights.items()) for step in range(steps)]
        return self.forecast

    def to_json(self) -> dict[str, Any]:
        """Return what `from_json` restores."""
        losses = {name: loss.to_json() for name, loss in self._losses.items()}
        return {
            "losses": losses,
            "own": self._own.to_json(),
            "accuracy": self.accuracy.to_json(),
            "baselines": self.baselines.to_json(),
            "forecast": self.forecast,
        }

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Champion:
        """Restore what `to_json` returned."""
        champion = cls(1)
        champion.baselines = Baselines.from_json(value["baselines"])
        champion.accuracy = Accuracy.from_json(value["accuracy"])
        champion.forecast = value["forecast"]
        champion._losses = {name: Loss.from_json(loss) for name, loss in value["losses"].items()}
        champion._own = Loss.from_json(value["own"])
        return champion
