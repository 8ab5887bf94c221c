"""Online bagging of three ridge regressions, on the changes of a series, of what its anchor misses.

The bootstrap is Oza's: each member learns an observation as often as a Poisson(1) draw says.
N. C. Oza, S. Russell: Online Bagging and Boosting. AISTATS 2001.
"""

from __future__ import annotations

from statistics import fmean
from typing import Any

from river import ensemble, linear_model, optim

from rivulet.anchors.anchored import Anchored
from rivulet.models import Definition, Regressor

SEED = 42
RATE = 0.05
RIDGE = 0.02


class Bagging(ensemble.BaggingRegressor):
    """River takes the members' mean by way of fractions, which is longer than their predictions."""

    def predict_one(self, x: Any, **kwargs: Any) -> float:
        """Return the mean of what the members predict."""
        return fmean([member.predict_one(x, **kwargs) for member in self])


def build(season: int | None = None) -> Regressor:
    """Return the untrained model."""
    ridge = linear_model.LinearRegression(optimizer=optim.AdaGrad(RATE), loss=optim.losses.Huber(1.0), l2=RIDGE)
    return Anchored(Bagging(ridge, n_models=3, seed=SEED), season)


DEFINITION = Definition("bagging_regressor", build, revision=3)
