"""The season's length is found while the series arrives."""

from __future__ import annotations

import math
import random

import pytest

from rivulet.anchors.season import LENGTHS, SeasonDetector


def found(values: list[float]) -> int:
    detector = SeasonDetector()
    for value in values:
        detector.learn(value)
    return detector.season


@pytest.mark.parametrize("length", LENGTHS)
@pytest.mark.parametrize("slope", [0.0, 3.0])
@pytest.mark.parametrize("level", [0.0, 1e9])
def test_a_season_is_found_on_any_level_and_slope(length: int, slope: float, level: float) -> None:
    draw = random.Random(length)
    profile = [draw.uniform(-50, 50) for _ in range(length)]
    values = [level + slope * k + profile[k % length] + draw.gauss(0, 5) for k in range(4 * length + 10)]
    assert found(values) == length


def test_two_seasons_and_a_bit_are_enough() -> None:
    profile = [math.sin(math.tau * k / 12) + 0.3 * math.sin(math.tau * k / 4 + 1) for k in range(12)]
    assert found([100 + 10 * profile[k % 12] for k in range(27)]) == 12


@pytest.mark.parametrize("seed", range(12))
def test_noise_and_a_random_walk_have_none(seed: int) -> None:
    draw = random.Random(seed)
    noise = [draw.gauss(0, 1) for _ in range(300)]
    walk = [sum(noise[:k]) for k in range(300)]
    assert found(noise) == 1
    assert found(walk) == 1


@pytest.mark.parametrize("values", [[], [1.0], [5.0] * 200, [float(k) for k in range(200)]])
def test_nothing_and_a_straight_line_have_none(values: list[float]) -> None:
    assert found(values) == 1


def test_a_season_that_changes_is_followed() -> None:
    draw = random.Random(3)
    weeks = [(10, 12, 11, 13, 15, 30, 28)[k % 7] + draw.gauss(0, 1) for k in range(140)]
    quarters = [(10, 30, 12, 25)[k % 4] + draw.gauss(0, 1) for k in range(400)]
    assert found(weeks) == 7
    assert found(weeks + quarters) == 4
