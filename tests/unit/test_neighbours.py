"""The search over a matrix finds what River's search finds."""

from __future__ import annotations

import copy
import pickle
import random
from typing import Any

import pytest
from river import neighbors
from river.utils.vectordict import euclidean_distance_tuple

from rivulet.neighbours import MatrixSearch, Neighbours

Lesson = tuple[dict[str, float], float]
KINDS = (neighbors.KNNRegressor, Neighbours)


def lessons(seed: int, count: int, names: str = "abcde") -> list[Lesson]:
    """Return lessons on a coarse grid, so that many are equally near; a feature more after half of them."""
    lots = random.Random(seed)
    return [
        ({name: float(lots.randrange(-3, 4)) for name in (names if k >= count // 2 else names[:-1])}, lots.random())
        for k in range(count)
    ]


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("wanted", [1, 4, 60])
def test_it_finds_what_river_finds(seed: int, wanted: int) -> None:
    distance: Any = euclidean_distance_tuple
    ours, rivers = MatrixSearch(50), neighbors.LazySearch(window_size=50, dist_func=distance)
    for features, target in lessons(seed, 200):
        found, distances = ours.search((features, None), wanted)
        expected, far = rivers.search((features, None), n_neighbors=wanted)
        assert distances == list(far)
        assert [each for _, each in found] == [item[1] for item in expected]
        ours.append((features, target))
        rivers.append((features, target))


def test_as_an_engine_it_predicts_the_same() -> None:
    engines: list[Any] = [MatrixSearch(50), neighbors.LazySearch(window_size=50)]
    regressors: list[Any] = [kind(n_neighbors=7, engine=engine) for kind in KINDS for engine in copy.deepcopy(engines)]
    for features, target in lessons(9, 300):
        predictions = [each.predict_one(features) for each in regressors]
        assert predictions[0] == predictions[1]
        assert predictions[1:] == pytest.approx([predictions[0]] * 3, rel=1e-15)
        for each in regressors:
            each.learn_one(features, target)


def test_a_feature_that_nobody_had_counts_for_all() -> None:
    search = MatrixSearch(3)
    search.append(({"a": 1.0}, "one"))
    search.append(({"a": 3.0}, "three"))
    assert search.search(({"a": 1.0, "b": 2.0}, None), 2) == ([({}, "one"), ({}, "three")], [2.0, 8.0**0.5])
    assert search.search(({}, None), 1) == ([({}, "one")], [1.0])


def test_it_goes_on_where_it_was_pickled() -> None:
    first = MatrixSearch(20)
    stream = lessons(3, 100)
    for lesson in stream[:50]:
        first.append(lesson)
    second = pickle.loads(pickle.dumps(first))
    for features, target in stream[50:]:
        assert second.search((features, None), 5) == first.search((features, None), 5)
        first.append((features, target))
        second.append((features, target))
    assert second.refresh_targets() == {target for _, target in stream[-20:]}


def test_nothing_is_near_where_nothing_is() -> None:
    assert MatrixSearch(5).search(({"a": 1.0}, None), 3) == ([], [])
