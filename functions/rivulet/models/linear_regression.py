"""Linear regression by adaptive gradient descent, on the changes of a series, of what its anchor misses.

J. Duchi, E. Hazan, Y. Singer: Adaptive Subgradient Methods for Online Learning and Stochastic Optimization. JMLR 12,
2011. The loss is Huber's: an outlier pulls no harder than an error of the usual size.
"""

from __future__ import annotations

from river import linear_model, optim

from rivulet.anchors.anchored import Anchored
from rivulet.models import Definition, Regressor

RATE = 0.05


def build(season: int | None = None) -> Regressor:
    """Return the untrained model. It draws no random numbers."""
    learner = linear_model.LinearRegression(optimizer=optim.AdaGrad(RATE), loss=optim.losses.Huber(1.0))
    return Anchored(learner, season)


DEFINITION = Definition("linear_regression", build, revision=2)
