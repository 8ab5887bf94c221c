"""Online bagging of three ridge regressions, on the changes of a series, of what its anchor misses.

The bootstrap is Oza's: each member learns an observation as often as a Poisson(1) draw says.
N. C. Oza, S. Russell: Online Bagging and Boosting. AISTATS 2001.
"""

from __future__ import annotations

from river import ensemble, linear_model, optim

from rivulet.anchors.anchored import Anchored
from rivulet.models import Definition, Regressor

SEED = 42
RATE = 0.05
RIDGE = 0.02


def build(season: int | None = None) -> Regressor:
    """Return the untrained model."""
    ridge = linear_model.LinearRegression(optimizer=optim.AdaGrad(RATE), loss=optim.losses.Huber(1.0), l2=RIDGE)
    return Anchored(ensemble.BaggingRegressor(ridge, n_models=3, seed=SEED), season)


DEFINITION = Definition("bagging_regressor", build, revision=2)
