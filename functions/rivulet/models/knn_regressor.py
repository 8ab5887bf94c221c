"""The mean of the ten nearest neighbours among the newest 500 observations, of what the series' anchor misses."""

from __future__ import annotations

from rivulet.anchors.anchored import Anchored
from rivulet.models import Definition, Regressor
from rivulet.neighbours import MatrixSearch, Neighbours

NEIGHBOURS = 10
WINDOW = 500


def build(season: int | None = None) -> Regressor:
    """Return the untrained model. It draws no random numbers."""
    engine = MatrixSearch(window_size=WINDOW)
    return Anchored(Neighbours(n_neighbors=NEIGHBOURS, engine=engine), season)


DEFINITION = Definition("knn_regressor", build, revision=4)
