"""Lags, accuracy and baselines, against what a plain recomputation says."""

from __future__ import annotations

import json
import math
import random

import pytest

from rivulet.accuracy import WINDOWS, Accuracy, measure
from rivulet.baselines import NAIVE, SEASONAL_NAIVE, Baselines
from rivulet.lags import lag_vector, named, shifted

LOTS = random.Random(7)
PAIRS = [(LOTS.uniform(-50, 50), LOTS.uniform(-50, 50)) for _ in range(45)]


def plain(pairs: list[tuple[float, float]]) -> dict[str, float]:
    """Recompute the measures in the simplest way."""
    mse = sum((target - prediction) ** 2 for target, prediction in pairs) / len(pairs)
    return {
        "mae": sum(abs(target - prediction) for target, prediction in pairs) / len(pairs),
        "mse": mse,
        "rmse": math.sqrt(mse),
        "mape": 100 * sum(abs((t - p) / t) for t, p in pairs) / len(pairs),
    }


@pytest.mark.parametrize(
    ("past", "n", "expected"),
    [([], 3, [0, 0, 0]), ([5], 3, [5, 0, 0]), ([7, 6, 5, 4], 3, [7, 6, 5]), ([7, 6, 5], 3, [7, 6, 5])],
)
def test_lag_vector(past: list[float], n: int, expected: list[float]) -> None:
    assert lag_vector(past, n) == expected


def test_shifted_and_named() -> None:
    before = [3.0, 2.0, 1.0]
    assert shifted(before, 4.0) == [4.0, 3.0, 2.0]
    assert before == [3.0, 2.0, 1.0]
    assert list(named(before).items()) == [("in_1", 3.0), ("in_2", 2.0), ("in_3", 1.0)]


def test_accuracy_over_all_and_over_windows() -> None:
    accuracy = Accuracy()
    for count, pair in enumerate(PAIRS, 1):
        accuracy.add(*pair)
        seen = PAIRS[:count]
        assert accuracy.overall() == pytest.approx(plain(seen))
        for size in WINDOWS:
            expected = {f"{name}_{size}": value for name, value in plain(seen[-size:]).items()}
            assert {name: accuracy.windows()[name] for name in expected} == pytest.approx(expected)


def test_accuracy_of_nothing_and_of_zeros() -> None:
    nothing = {"mae": None, "mse": None, "rmse": None, "mape": None}
    assert Accuracy().overall() == measure([]) == nothing
    accuracy = Accuracy()
    accuracy.add(0.0, 2.0)
    assert accuracy.overall() == measure([(0.0, 2.0)]) == {"mae": 2.0, "mse": 4.0, "rmse": 2.0, "mape": None}
    accuracy.add(4.0, 2.0)
    assert accuracy.overall()["mape"] == 50.0


def test_accuracy_goes_on_to_the_last_bit_after_a_restart() -> None:
    whole, half = Accuracy(), Accuracy()
    for pair in PAIRS:
        whole.add(*pair)
    for pair in PAIRS[:20]:
        half.add(*pair)
    half = Accuracy.from_json(json.loads(json.dumps(half.to_json())))
    for pair in PAIRS[20:]:
        half.add(*pair)
    assert (half.overall(), half.windows()) == (whole.overall(), whole.windows())


@pytest.mark.parametrize("cut", [0, 3, 20])
def test_baselines(cut: int) -> None:
    values = [target for target, _ in PAIRS]
    baselines = Baselines(4)
    for seq, value in enumerate(values, 1):
        if seq == cut:
            baselines = Baselines.from_json(json.loads(json.dumps(baselines.to_json())))
        baselines.add(seq, value)
    assert baselines.seq == len(values)
    for name, distance in ((NAIVE, 1), (SEASONAL_NAIVE, 4)):
        expected = list(zip(values[distance:], values[:-distance], strict=True))
        assert baselines.accuracy[name].count == len(expected)
        assert baselines.accuracy[name].overall() == pytest.approx(plain(expected))


def test_baselines_that_begin_in_the_middle_err_as_those_of_the_whole_series() -> None:
    values = [float(k * k % 17) for k in range(60)]
    whole, middle = Baselines(4), Baselines.since(4, values[0], 30)
    for seq, value in enumerate(values, 1):
        whole.add(seq, value)
        if seq > 30:
            middle.add(seq, value)
    assert {name: accuracy.windows() for name, accuracy in middle.accuracy.items()} == {
        name: accuracy.windows() for name, accuracy in whole.accuracy.items()
    }
    assert middle.forecasts(3) == whole.forecasts(3)
