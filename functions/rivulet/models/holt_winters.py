"""Holt-Winters' additive method, of River, without the lags. Off by default.

P. R. Winters: Forecasting Sales by Exponentially Weighted Moving Averages. Management Science 6(3), 1960.
"""

from __future__ import annotations

from collections.abc import Callable

from river import time_series

from rivulet.adapters import OnSeries, SeriesModel
from rivulet.models import Definition, Regressor


def make(season: int) -> SeriesModel:
    """Return the untrained model of a season."""
    seasonal = {"gamma": 0.3, "seasonality": season} if season > 1 else {}
    kind: Callable[..., SeriesModel] = time_series.HoltWinters
    return kind(alpha=0.3, beta=0.05, **seasonal)


def warm(season: int) -> int:
    """Return how many values it needs before it can forecast."""
    return max(2, season) + 1


def build(season: int | None = None) -> Regressor:
    """Return the untrained model. It draws no random numbers."""
    return OnSeries(make, warm, season)


DEFINITION = Definition("holt_winters", build)
