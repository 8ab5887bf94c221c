"""Forecasters and learners of other kinds, in the shape that a definition needs."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from rivulet.anchors.season import LENGTHS, SeasonDetector

_MOST_VALUES = 5 * max(LENGTHS)


class SeriesModel(Protocol):
    """A model of a whole series, such as those of `river.time_series`."""

    def learn_one(self, y: float) -> Any:
        """Learn the next value."""

    def forecast(self, horizon: int) -> Sequence[float]:
        """Forecast the next values."""


class OnSeries:
    """A series model as a regressor: it learns the targets, and forecasts what comes after them.

    The lags only stand in until it is warm. Where the season's length changes, the model begins anew, from the newest
    values.

    Parameters
    ----------
    make
        Builds the model for a length of the season, 1 for none.
    warm
        How many values it needs before it can forecast, for a length of the season.
    season
        Length of the season, where it is known; else it is detected.
    """

    def __init__(
        self, make: Callable[[int], SeriesModel], warm: Callable[[int], int], season: int | None = None
    ) -> None:
        self._make = make
        self._warm = warm
        self._detector = None if season else SeasonDetector()
        self._season = season or 1
        self._values: deque[float] = deque(maxlen=_MOST_VALUES)
        self._model = make(self._season)
        self._learned = 0

    def predict_one(self, x: dict[str, float]) -> float:
        """Forecast the next value."""
        return self.forecast_from(x, 1)[0]

    def forecast_from(self, x: dict[str, float], steps: int) -> list[float]:
        """Forecast the next values; while the model is cold, repeat the newest lag."""
        if self._learned < self._warm(self._season):
            return [next(iter(x.values()))] * steps
        return [float(value) for value in self._model.forecast(horizon=steps)]

    def learn_one(self, x: dict[str, float], y: float) -> None:
        """Learn the next value."""
        self._values.append(y)
        if self._detector:
            self._detector.learn(y)
            if self._detector.season != self._season:
                self._season = self._detector.season
                self._model = self._make(self._season)
                self._learned = 0
                for value in self._values:
                    self._learn(value)
                return
        self._learn(y)

    def _learn(self, value: float) -> None:
        self._model.learn_one(value)
        self._learned += 1


class PartialFit:
    """A regressor of scikit-learn's kind, which learns by ``partial_fit``, as one of River's.

    Parameters
    ----------
    regressor
        Has ``partial_fit`` and ``predict``.
    names
        The features, in the order of its columns; one that is missing counts as zero.
    """

    def __init__(self, regressor: Any, names: Sequence[str]) -> None:
        self._regressor = regressor
        self._names = tuple(names)

    def predict_one(self, x: dict[str, float]) -> float:
        """Predict the target of one row."""
        return float(self._regressor.predict([self._row(x)])[0])

    def learn_one(self, x: dict[str, float], y: float) -> None:
        """Learn one row."""
        self._regressor.partial_fit([self._row(x)], [y])

    def _row(self, x: dict[str, float]) -> list[float]:
        return [x.get(name, 0.0) for name in self._names]
