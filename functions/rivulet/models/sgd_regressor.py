"""scikit-learn's linear regression by stochastic gradient descent, of what a series' anchor misses. Off by default."""

from __future__ import annotations

from sklearn.linear_model import SGDRegressor

from rivulet.adapters import PartialFit
from rivulet.anchors.anchored import Anchored
from rivulet.anchors.inputs import NAMES
from rivulet.models import Definition, Regressor

SEED = 42
RATE = 0.01


def build(season: int | None = None) -> Regressor:
    """Return the untrained model."""
    learner = SGDRegressor(loss="huber", epsilon=1.0, learning_rate="constant", eta0=RATE, random_state=SEED)
    return Anchored(PartialFit(learner, NAMES), season)


DEFINITION = Definition("sgd_regressor", build)
