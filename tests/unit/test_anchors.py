"""Anchors: each smoothing against its definition, and the bank on series whose best forecast is known."""

from __future__ import annotations

import itertools
import math
import pickle
import random
from collections.abc import Callable

import pytest

from rivulet.anchors.bank import MOST_VALUES, Bank
from rivulet.anchors.inputs import WIDEST, inputs
from rivulet.anchors.shares import Loss, shares
from rivulet.anchors.smoothing import Rates, Smoothing


def errors(values: list[float], season: int | None = None) -> list[float]:
    """Return the bank's absolute errors, one step ahead, from the second value on."""
    bank = Bank(season)
    found = []
    for value in values:
        if bank.count:
            found.append(abs(bank.ahead() - value))
        bank.learn(value)
    return found


def test_rates_of_one_and_zero_are_the_naive_forecasts() -> None:
    values = [3.0, 1.0, 4.0, 1.5, 9.0, 2.0, 6.0, 5.0]
    naive, seasonal = Smoothing(Rates(1.0), 1, values), Smoothing(Rates(0.0, 0.0, 1.0), 4, values)
    assert naive.path(2) == [5.0, 5.0]
    assert seasonal.path(8) == pytest.approx(values[4:] * 2)


def test_simple_smoothing_is_the_weighted_mean() -> None:
    values = [3.0, 1.0, 4.0, 1.5]
    expected = values[0]
    for value in values:
        expected = 0.3 * value + 0.7 * expected
    assert Smoothing(Rates(0.3), 1, values).path(1) == pytest.approx([expected])


def test_a_trend_is_damped() -> None:
    smoothing = Smoothing(Rates(1.0, 1.0, 0.0, 0.5), 1, [0.0, 8.0])
    assert smoothing.path(3) == [12.0, 14.0, 15.0]


def test_what_learning_returns_is_the_next_forecast() -> None:
    draw = random.Random(1)
    smoothing = Smoothing(Rates(0.5, 0.3, 0.25, 0.9), 4, [draw.random() for _ in range(8)])
    for _ in range(20):
        assert smoothing.learn(draw.random()) == smoothing.path(1)[0]


def test_a_strict_season_on_a_slope_is_known_after_two_seasons() -> None:
    profile = (0.0, 20.0, -5.0, 3.0, 8.0, -30.0, 2.0)
    values = [1000 + 2.5 * k + profile[k % 7] for k in range(60)]
    assert max(errors(values, season=7)[20:]) < 1e-6
    bank = Bank(7)
    for value in values[:49]:
        bank.learn(value)
    assert bank.path(9) == pytest.approx(values[49:58])


def test_a_season_in_ratios_is_met_by_ratios() -> None:
    values = [100 * 1.02**k * (1.0, 1.4, 0.7, 1.1)[k % 4] for k in range(80)]
    assert max(errors(values)[40:]) < 0.01 * values[40]


@pytest.mark.parametrize(
    ("make", "best"),
    [
        (lambda draw, k: draw.gauss(50, 1), lambda values: math.sqrt(2 / math.pi)),
        (
            lambda draw, k: 50 + 10 * math.sin(math.tau * k / 12) + draw.gauss(0, 1),
            lambda values: math.sqrt(2 / math.pi),
        ),
    ],
)
def test_noise_costs_little_more_than_it_must(
    make: Callable[[random.Random, int], float], best: Callable[[list[float]], float]
) -> None:
    draw = random.Random(9)
    values = [make(draw, k) for k in range(1200)]
    newest = errors(values)[300:]
    assert sum(newest) / len(newest) < 1.15 * best(values)


def test_a_walk_is_forecast_as_well_as_its_last_value() -> None:
    draw = random.Random(5)
    values = [0.0]
    for _ in range(1000):
        values.append(values[-1] + draw.gauss(0, 1))
    naive = [abs(after - before) for before, after in itertools.pairwise(values[300:])]
    newest = errors(values)[300:]
    assert sum(newest) / len(newest) < 1.05 * sum(naive) / len(naive)


def test_a_jump_is_forgotten() -> None:
    draw = random.Random(2)
    values = [draw.gauss(10, 1) for _ in range(200)] + [1e6 + draw.gauss(10, 1) for _ in range(200)]
    newest = errors(values)[-50:]
    assert sum(newest) / len(newest) < 2


@pytest.mark.parametrize("unit", [1e-9, 1e12])
def test_the_unit_does_not_matter(unit: float) -> None:
    draw = random.Random(4)
    values = [50 + 10 * math.sin(math.tau * k / 12) + draw.gauss(0, 1) for k in range(150)]
    scaled = [error / unit for error in errors([value * unit for value in values])]
    assert scaled == pytest.approx(errors(values), rel=1e-4, abs=1e-4)


def test_the_bank_has_a_bound_and_survives_a_pickle() -> None:
    draw = random.Random(6)
    bank = Bank(12)
    sizes = []
    for k in range(6 * MOST_VALUES):
        bank.learn(draw.gauss(10, 3) + 5 * (k % 12 == 0))
        sizes.append(len(pickle.dumps(bank)) if k % 100 == 0 else 0)
    assert max(sizes) <= 1.1 * max(sizes[: 3 * MOST_VALUES])
    again = pickle.loads(pickle.dumps(bank))
    for value in (1.0, -2.0, 30.0):
        bank.learn(value)
        again.learn(value)
        assert again.path(3) == bank.path(3)


def test_shares_follow_the_nearest_and_add_up_to_one() -> None:
    near, far, new = Loss(), Loss(), Loss()
    assert shares([(near, "near"), (far, "far")]) == [(0.5, "near"), (0.5, "far")]
    near.add(1.0)
    far.add(1.5)
    weights = {name: weight for weight, name in shares([(near, "near"), (far, "far"), (new, "new")])}
    assert set(weights) == {"near", "far"}
    assert sum(weights.values()) == pytest.approx(1)
    assert weights["near"] > 0.9
    perfect = Loss()
    perfect.add(0.0)
    assert shares([(near, "near"), (perfect, "perfect")]) == [(1.0, "perfect")]


def test_inputs_have_no_unit_and_no_outliers() -> None:
    values = [float(k * k) for k in range(30)]
    seen = inputs(values, 4, 2.0, [0.5, -0.25])
    assert inputs([10 * value for value in values], 4, 20.0, [0.5, -0.25]) == seen
    assert seen["change_1"] == WIDEST
    assert (seen["error_1"], seen["error_2"], seen["season_error"]) == (-0.25, 0.5, 0.0)
    assert set(inputs([1.0], 1, 1.0, []).values()) == {0.0}
