"""An aggregated Mondrian forest of ten trees, on the changes of a series, of what its anchor misses.

J. Mourtada, S. Gaïffas, E. Scornet: AMF: Aggregated Mondrian Forests for Online Learning. JRSS-B 83(3), 2021.
"""

from __future__ import annotations

from river import forest

from rivulet.anchors.anchored import Anchored
from rivulet.models import Definition, Regressor

SEED = 42
MOST_NODES = 127  # of one tree: past it leaves are updated but no longer split, so the state has a bound


def build(season: int | None = None) -> Regressor:
    """Return the untrained model."""
    return Anchored(forest.AMFRegressor(n_estimators=10, max_nodes=MOST_NODES, seed=SEED), season)


DEFINITION = Definition("amf_regressor", build, revision=2)
