"""What every definition has to stand: those that ship, and those that are added."""

from __future__ import annotations

import math
import pickle
import random
from collections.abc import Sequence

import pytest

from rivulet.fold import State
from rivulet.lags import lag_vector, shifted
from rivulet.models import definition, names

N_LAGS = 15
DRAW = random.Random(21)
NOISE = [DRAW.gauss(0, 1) for _ in range(240)]
SEASONAL = [10 * math.sin(math.tau * k / 12) + noise for k, noise in enumerate(NOISE)]

pytestmark = pytest.mark.parametrize("name", names())


def run(name: str, values: Sequence[float], season: int | None = None) -> tuple[State, list[float]]:
    """Fold the values; return the state and the absolute errors."""
    state = State(definition(name), season)
    lags = lag_vector([], N_LAGS)
    errors = []
    for seq, value in enumerate(values, 1):
        prediction, fallback = state.assess(lags)
        assert math.isfinite(prediction)
        state.learn(lags, value, prediction, seq, fallback)
        forecast = state.forecast(state.next_lags, 5)
        assert len(forecast) == 5
        assert all(math.isfinite(step) for step in forecast)
        errors.append(abs(value - prediction))
        lags = shifted(lags, value)
    return state, errors


def mean(errors: Sequence[float]) -> float:
    return sum(errors) / len(errors)


def naive(values: Sequence[float], first: int) -> float:
    return mean([abs(values[k] - values[k - 1]) for k in range(first, len(values))])


def test_untrained_it_answers_the_newest_lag(name: str) -> None:
    state = State(definition(name))
    assert state.assess([3.0, 2.0, 1.0]) == (3.0, False)
    assert state.forecast([3.0, 2.0, 1.0], 3) == [3.0, 3.0, 3.0]


def test_its_answer_is_a_plain_number(name: str) -> None:
    state, _ = run(name, SEASONAL[:40])
    assert type(state.predict(state.next_lags)) is float
    assert {type(step) for step in state.forecast(state.next_lags, 5)} == {float}


def test_the_same_lessons_make_the_same_state(name: str) -> None:
    (one, errors), (two, again) = run(name, SEASONAL), run(name, SEASONAL)
    assert errors == again
    assert one.forecast(one.next_lags, 20) == two.forecast(two.next_lags, 20)


def test_its_state_comes_back(name: str) -> None:
    whole, _ = run(name, SEASONAL)
    half, _ = run(name, SEASONAL[:100])
    half = pickle.loads(pickle.dumps(half))
    for seq, value in enumerate(SEASONAL[100:], 101):
        prediction, fallback = half.assess(half.next_lags)
        half.learn(half.next_lags, value, prediction, seq, fallback)
    assert half.forecast(half.next_lags, 5) == whole.forecast(whole.next_lags, 5)
    assert half.accuracy.overall() == whole.accuracy.overall()


def test_who_looks_ahead_predicts_the_same(name: str) -> None:
    values = [*SEASONAL[:150], 1e4, *SEASONAL[150:180], -1e4, *SEASONAL[180:]]
    looking, blind = State(definition(name)), State(definition(name))
    lags = lag_vector([], N_LAGS)
    for seq, value in enumerate(values, 1):
        assessed = looking.assess(lags)
        assert assessed == blind.assess(lags)
        for state in (looking, blind):
            state.learn(lags, value, assessed[0], seq, assessed[1])
        lags = shifted(lags, value)
        forecast = looking.forecast(lags, 5)
        assert looking.assess(lags) == blind.assess(lags)
        assert forecast[0] == blind.predict(lags)
    assert looking.forecast(lags, 20) == blind.forecast(lags, 20)


def test_a_given_season_is_taken(name: str) -> None:
    _, errors = run(name, [100 + value for value in SEASONAL], season=12)
    assert mean(errors[120:]) < naive(SEASONAL, 120)


@pytest.mark.parametrize("value", [0.0, 5.0, -3.5, 1e-9, 1e12])
def test_one_repeated_value_is_predicted(name: str, value: float) -> None:
    state, errors = run(name, [value] * 80)
    assert max(errors[40:]) <= 1e-6 * abs(value)
    assert state.forecast(state.next_lags, 3) == pytest.approx([value] * 3, rel=1e-6)


@pytest.mark.parametrize(("level", "unit"), [(0, 1), (-1e3, 1), (1e6, 1), (0, 1e-9), (1e3, 1e12), (0, -1)])
def test_level_and_unit_do_not_break_it(name: str, level: float, unit: float) -> None:
    values = [(level + value) * unit for value in SEASONAL]
    _, errors = run(name, values)
    assert mean(errors[120:]) < 1.1 * naive(values, 120)


def test_noise_around_zero_is_no_harm(name: str) -> None:
    _, errors = run(name, NOISE)
    assert mean(errors[120:]) < 1.2 * naive(NOISE, 120)


def test_a_jump_is_survived(name: str) -> None:
    values = [100 + value for value in SEASONAL[:120]] + [1e6 + value for value in SEASONAL[:120]]
    _, errors = run(name, values)
    assert mean(errors[-24:]) < 1e-3 * 1e6


def test_missing_lags_are_zeros(name: str) -> None:
    state, _ = run(name, SEASONAL[:60])
    before = state.forecast(state.next_lags, 5)
    assert math.isfinite(state.predict([12.0, *[0.0] * (N_LAGS - 1)]))
    assert math.isfinite(state.predict([0.0] * N_LAGS))
    assert math.isfinite(state.predict([12.0]))
    state.learn([12.0, *[0.0] * (N_LAGS - 1)], 13.0, 12.0, None)
    assert state.forecast(state.next_lags, 5) != before
