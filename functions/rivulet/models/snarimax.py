"""SNARIMAX of River: a linear model, learned online, of the series' differences and of its own errors. Off by default.

M. Halford's documentation of `river.time_series.SNARIMAX`; the model is that of G. E. P. Box and G. M. Jenkins.
"""

from __future__ import annotations

from river import linear_model, optim, preprocessing, time_series

from rivulet.adapters import OnSeries, SeriesModel
from rivulet.models import Definition, Regressor

RATE = 0.05


def make(season: int) -> SeriesModel:
    """Return the untrained model of a season."""
    learner = preprocessing.StandardScaler() | linear_model.LinearRegression(
        optimizer=optim.AdaGrad(RATE), loss=optim.losses.Huber(1.0)
    )
    seasonal = season > 1
    model: SeriesModel = time_series.SNARIMAX(
        p=3, d=1, q=1, m=season, sp=int(seasonal), sd=int(seasonal), sq=int(seasonal), regressor=learner
    )
    return model


def warm(season: int) -> int:
    """Return how many values it needs before it can forecast."""
    return 2 * season + 8


def build(season: int | None = None) -> Regressor:
    """Return the untrained model. It draws no random numbers."""
    return OnSeries(make, warm, season)


DEFINITION = Definition("snarimax", build)
