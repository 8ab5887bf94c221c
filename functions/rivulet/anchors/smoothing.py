"""Exponential smoothing with a damped trend and an additive season, in constant time and memory.

E. S. Gardner, E. McKenzie: Forecasting Trends in Time Series. Management Science 31(10), 1985. The error-correction
form is that of R. J. Hyndman et al.: Forecasting with Exponential Smoothing, chapter 2. Springer, 2008.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class Rates(NamedTuple):
    """How fast each part follows what is observed, from 0 (never) to 1 (at once).

    Attributes
    ----------
    level
        Share of an error that the level takes.
    trend
        Share of the level's correction that the trend takes.
    season
        Share of the rest of an error that the season's current place takes.
    damping
        What remains of the trend after a step.
    """

    level: float
    trend: float = 0.0
    season: float = 0.0
    damping: float = 1.0


class Smoothing:
    """A level, a trend, and a season of `period` places (none if `period` is 1).

    Parameters
    ----------
    values
        What was observed so far, oldest first: at least one value, and at least one season.
    """

    __slots__ = ("_level", "_place", "_rates", "_season", "_trend")

    def __init__(self, rates: Rates, period: int, values: Sequence[float]) -> None:
        self._rates = rates
        self._place = 0
        self._level, self._trend, self._season = _first_guess(values, period, rates.trend > 0)
        for value in values:
            self.learn(value)

    def path(self, steps: int) -> list[float]:
        """Return the forecasts of the next `steps` values."""
        value, trend, damping = self._level, self._trend, self._rates.damping
        season, place = self._season, self._place
        if not trend and len(season) == 1:
            return [value + season[0]] * steps
        coming = season[place : place + steps]
        while len(coming) < steps:
            coming += season[: steps - len(coming)]
        if not trend:
            return [value + part for part in coming]
        found = []
        for part in coming:
            trend *= damping
            value += trend
            found.append(value + part)
        return found

    def learn(self, value: float) -> float:
        """Take in the next value, and return the forecast of the one after it."""
        level, trend, season, damping = self._rates
        profile, place = self._season, self._place
        trend_part = damping * self._trend
        error = value - (self._level + trend_part + profile[place])
        correction = level * error
        self._level += trend_part + correction
        self._trend = trend_part = trend_part + trend * correction
        if season:
            profile[place] += season * (error - correction)
            self._place = place = (place + 1) % len(profile)
        return self._level + damping * trend_part + profile[place]


def _first_guess(values: Sequence[float], period: int, sloped: bool) -> tuple[float, float, list[float]]:
    """Return level and trend before the first value, and the season, from the whole seasons that there are."""
    if period == 1:
        return values[0], 0.0, [0.0]
    seasons = [values[start : start + period] for start in range(0, len(values) - period + 1, period)]
    means = [sum(season) / period for season in seasons]
    slope = (means[-1] - means[0]) / ((len(means) - 1) * period) if len(means) > 1 else 0.0
    centre = (period - 1) / 2
    profile = [
        sum(season[place] - mean - slope * (place - centre) for season, mean in zip(seasons, means, strict=True))
        / len(seasons)
        for place in range(period)
    ]
    if not sloped:
        return means[0], 0.0, profile
    return means[0] - slope * (centre + 1), slope, profile
