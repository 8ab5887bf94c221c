"""Nearest neighbours, searched for over a matrix instead of a dictionary for each of them."""

from __future__ import annotations

import math
from statistics import fmean
from typing import Any

import numpy as np
from river import neighbors
from river.neighbors.base import BaseNN
from river.utils.vectordict import euclidean_distance_tuple

Item = tuple[dict[str, float], Any]

# Looked at here, so that NumPy, which is put off until then, is there before a second thread is.
_COLUMN = np.newaxis

_DISTANCE: Any = euclidean_distance_tuple  # which River's regressors ask an engine for


class Neighbours(neighbors.KNNRegressor):
    """The mean of what followed the nearest items.

    River takes a mean of floats by way of fractions, which is longer than the search. This one may differ in the last
    bit.
    """

    def predict_one(self, x: Any, **kwargs: Any) -> float:
        """Predict; an item that is the same says it alone, and nothing is known of the first."""
        found, distances = self._nn.search((x, None), n_neighbors=self.n_neighbors, **kwargs)
        if not found:
            return 0.0
        if not distances[0]:
            return float(found[0][1])
        return fmean([target for _, target in found])


class MatrixSearch(BaseNN):
    """An engine for `river.neighbors`: the nearest among the newest items, by Euclidean distance.

    It finds what `river.neighbors.LazySearch` finds, several times as fast, and is pickled in less. Squares are added
    up feature by feature, in the order in which features appeared, so that a distance is the same on every machine, to
    the last bit.

    Parameters
    ----------
    window_size
        How many items are kept; the oldest fall out first.
    """

    def __init__(self, window_size: int) -> None:
        super().__init__(_DISTANCE)
        self.window_size = window_size
        self._rows: dict[str, int] = {}  # of the matrix, by feature
        self._matrix = np.zeros((0, window_size))
        self._targets: list[Any] = []
        self._oldest = 0  # column of the oldest item

    def append(self, item: Item, **kwargs: Any) -> None:
        """Keep an item: its features and its target. A feature that it does not have is zero."""
        features, target = item
        self._know(features)
        if len(self._targets) < self.window_size:
            column = len(self._targets)
            self._targets.append(target)
        else:
            column = self._oldest
            self._targets[column] = target
            self._oldest = (column + 1) % self.window_size
        self._matrix[:, column] = self._in_rows(features)

    def search(self, item: Item, n_neighbors: int, **kwargs: Any) -> tuple[list[Item], list[float]]:
        """Find the nearest items.

        Returns
        -------
        list of tuple, list of float
            Items and their distances, nearest first, of equally near ones the oldest first. Features are not
            returned: an item is no features, and its target.
        """
        features, _ = item
        held = len(self._targets)
        if not held:
            return [], []
        apart = self._matrix[:, :held] - np.array(self._in_rows(features))[:, _COLUMN]
        squares = np.add.reduce(np.multiply(apart, apart, out=apart), axis=0)
        if len(features) > len(self._rows) or not features.keys() <= self._rows.keys():
            squares += sum([value * value for name, value in features.items() if name not in self._rows])
        count = min(n_neighbors, held)
        limit = np.partition(squares, count - 1)[count - 1]
        near = [(squares[column], self._age(column), column) for column in np.flatnonzero(squares <= limit).tolist()]
        nearest = sorted(near)[:count]
        return [({}, self._targets[column]) for _, _, column in nearest], [
            math.sqrt(square) for square, _, _ in nearest
        ]

    def refresh_targets(self) -> set[Any]:
        """Return the targets that there are."""
        return set(self._targets)

    def _age(self, column: int) -> int:
        """Return how many items are older."""
        return (column - self._oldest) % self.window_size

    def _in_rows(self, features: dict[str, float]) -> list[float]:
        return [features.get(name, 0.0) for name in self._rows]

    def _know(self, features: dict[str, float]) -> None:
        """Have a row for each feature."""
        unknown = [name for name in features if name not in self._rows]
        if unknown:
            self._rows |= {name: row for row, name in enumerate(unknown, len(self._rows))}
            self._matrix = np.vstack([self._matrix, np.zeros((len(unknown), self.window_size))])
