"""An aggregated Mondrian forest of ten trees, on standardised lags.

J. Mourtada, S. Gaïffas, E. Scornet: AMF: Aggregated Mondrian Forests for Online Learning. JRSS-B 83(3), 2021.
"""

from river import forest, preprocessing

from rivulet.models import Definition, Regressor

SEED = 42
MOST_NODES = 511  # of one tree: past it leaves are updated but no longer split, so the state has a bound


def build() -> Regressor:
    """Return the untrained model."""
    trees = forest.AMFRegressor(n_estimators=10, max_nodes=MOST_NODES, seed=SEED)
    regressor: Regressor = preprocessing.StandardScaler() | trees
    return regressor


DEFINITION = Definition("amf_regressor", build)
