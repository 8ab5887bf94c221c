"""The four learners on the lags as they are: what a model's anchors are held against, in accuracy and in cost."""

from __future__ import annotations

from rivulet import lean_imports
from rivulet.models import Definition, Regressor, definition

SUFFIX = "_raw"


def _linear(season: int | None = None) -> Regressor:
    from river import linear_model, preprocessing

    regressor: Regressor = preprocessing.StandardScaler() | linear_model.LinearRegression()
    return regressor


def _bagging(season: int | None = None) -> Regressor:
    from river import ensemble, linear_model, preprocessing

    ridges = ensemble.BaggingRegressor(linear_model.LinearRegression(l2=1.0), n_models=3, seed=42)
    regressor: Regressor = preprocessing.StandardScaler() | ridges
    return regressor


def _knn(season: int | None = None) -> Regressor:
    from river import neighbors, preprocessing

    nearest = neighbors.KNNRegressor(n_neighbors=5, engine=neighbors.LazySearch(window_size=1000))
    regressor: Regressor = preprocessing.StandardScaler() | nearest
    return regressor


def _forest(season: int | None = None) -> Regressor:
    from river import forest, preprocessing

    trees = forest.AMFRegressor(n_estimators=10, max_nodes=511, seed=42)
    regressor: Regressor = preprocessing.StandardScaler() | trees
    return regressor


_RAW = {
    f"{name}{SUFFIX}": build
    for name, build in (
        ("linear_regression", _linear),
        ("bagging_regressor", _bagging),
        ("knn_regressor", _knn),
        ("amf_regressor", _forest),
    )
}
NAMES = tuple(_RAW)


def found(name: str) -> Definition:
    """Return a definition of the platform's, or one of these."""
    if name not in _RAW:
        return definition(name)
    lean_imports.install()
    return Definition(name, _RAW[name])
