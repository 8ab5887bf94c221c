"""The mean of the five nearest neighbours among the newest thousand observations, on standardised lags."""

from river import neighbors, preprocessing

from rivulet.models import Definition, Regressor

WINDOW = 1000


def build() -> Regressor:
    """Return the untrained model. It draws no random numbers.

    The engine keeps its own distance: the function that it would fall back to for another one sums over a set
    of names, whose order differs between processes, and with it the last bit.
    """
    engine = neighbors.LazySearch(window_size=WINDOW)
    regressor: Regressor = preprocessing.StandardScaler() | neighbors.KNNRegressor(n_neighbors=5, engine=engine)
    return regressor


DEFINITION = Definition("knn_regressor", build)
