"""Regressors asked with lags as they are, without a name for each: what a lesson costs is counted in microseconds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, runtime_checkable

from rivulet.lags import named
from rivulet.models import Regressor


@runtime_checkable
class LagRegressor(Protocol):
    """What a state asks. A regressor that has these three methods is asked as it is, any other by name."""

    def predict_after(self, lags: Sequence[float]) -> Any:
        """Predict what follows the lags, leaving the state as it is."""

    def learn_after(self, lags: Sequence[float], y: float) -> Any:
        """Learn that `y` followed the lags."""

    def forecast_after(self, lags: Sequence[float], steps: int) -> list[float]:
        """Predict the next steps, leaving the state as it is."""


class ByName:
    """A regressor that knows lags as ``in_1`` (newest) to ``in_N``.

    Parameters
    ----------
    regressor
        Such as one of River's; whether it is also a `Forecaster` is for who asks to know.
    """

    def __init__(self, regressor: Regressor) -> None:
        self._regressor: Any = regressor
        self._newest: tuple[Sequence[float], dict[str, float]] = ((), {})

    def predict_after(self, lags: Sequence[float]) -> Any:
        """Predict what follows the lags, leaving the state as it is."""
        return self._regressor.predict_one(self._named(lags))

    def learn_after(self, lags: Sequence[float], y: float) -> None:
        """Learn that `y` followed the lags."""
        self._regressor.learn_one(self._named(lags), y)

    def forecast_after(self, lags: Sequence[float], steps: int) -> list[float]:
        """Predict the next steps, leaving the state as it is."""
        return list(self._regressor.forecast_from(named(lags), steps))

    def _named(self, lags: Sequence[float]) -> dict[str, float]:
        """Return the features; who predicted with them learns them next."""
        if lags is not self._newest[0]:
            self._newest = (lags, named(lags))
        return self._newest[1]


def by_lags(regressor: Regressor) -> LagRegressor:
    """Return what takes the regressor's lags as they are."""
    return regressor if isinstance(regressor, LagRegressor) else ByName(regressor)
