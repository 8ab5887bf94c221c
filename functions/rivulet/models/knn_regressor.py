"""The mean of the ten nearest neighbours among the newest 500 observations, of what the series' anchor misses."""

from __future__ import annotations

from river import neighbors

from rivulet.anchors.anchored import Anchored
from rivulet.models import Definition, Regressor

NEIGHBOURS = 10
WINDOW = 500


def build(season: int | None = None) -> Regressor:
    """Return the untrained model. It draws no random numbers.

    The engine keeps its own distance: the function that it would fall back to for another one sums over a set
    of names, whose order differs between processes, and with it the last bit.
    """
    engine = neighbors.LazySearch(window_size=WINDOW)
    return Anchored(neighbors.KNNRegressor(n_neighbors=NEIGHBOURS, engine=engine), season)


DEFINITION = Definition("knn_regressor", build, revision=2)
