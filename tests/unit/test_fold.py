"""The fold: the same lessons make the same state, anywhere, and its size has a bound."""

from __future__ import annotations

import hmac
import json
import math
import os
import pickle
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from river import linear_model, optim

from rivulet.by_lags import ByName, LagRegressor, by_lags
from rivulet.fold import State
from rivulet.lags import lag_vector
from rivulet.models import Definition, Regressor, UnknownModel, definition, names
from rivulet.plausible import PlausibleRange
from rivulet.snapshots import Checkpoint, Snapshots

FUNCTIONS = Path(__file__).resolve().parents[2] / "functions"
N_LAGS = 10
LOTS = random.Random(11)
VALUES = [100 + 20 * math.sin(k / 3) + LOTS.gauss(0, 3) for k in range(6000)]
PROGRAM = """
from rivulet.by_lags import ByName, LagRegressor, by_lags
from rivulet.fold import State
from rivulet.models import definition, names
for name in names():
    state = State(definition(name))
    past = [0.0] * 10
    for k in range(120):
        value = 100 + (k * 37 % 61) * 1.1
        prediction = state.predict(past)
        print(name, prediction.hex())
        state.learn(past, value, prediction, k + 1)
        past = [value, *past[:-1]]
    print(name, [value.hex() for value in state.forecast(state.next_lags, 10)])
"""


def fold(state: State, first: int, last: int) -> list[str]:
    """Teach the values from `first` to before `last`, and return what was predicted."""
    predictions = []
    for k in range(first, last):
        lags = lag_vector(VALUES[max(0, k - N_LAGS) : k][::-1], N_LAGS)
        prediction, fallback = state.assess(lags)
        state.learn(lags, VALUES[k], prediction, k + 1, fallback)
        predictions.append(prediction.hex())
    return predictions


@pytest.fixture(scope="module")
def folded_elsewhere() -> list[list[str]]:
    """Return what two processes print, whose sets and dictionaries are in different orders."""
    children = [
        subprocess.Popen(
            [sys.executable, "-c", PROGRAM],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(FUNCTIONS)},
            stdout=subprocess.PIPE,
        )
        for seed in ("1", "2")
    ]
    return [child.communicate(timeout=60)[0].decode().splitlines() for child in children]


@pytest.mark.parametrize("name", names())
def test_every_process_folds_the_same(folded_elsewhere: list[list[str]], name: str) -> None:
    one, two = ([line for line in lines if line.startswith(f"{name} ")] for lines in folded_elsewhere)
    assert one == two
    assert len(one) == 121


@pytest.mark.parametrize("name", names())
def test_a_pickle_in_the_middle_changes_nothing(name: str) -> None:
    whole, half = State(definition(name)), State(definition(name))
    expected = fold(whole, 0, 150)
    predictions = fold(half, 0, 70)
    half = pickle.loads(pickle.dumps(half))
    assert predictions + fold(half, 70, 150) == expected
    assert half.forecast(half.next_lags, 10) == whole.forecast(whole.next_lags, 10)
    assert (half.n, half.seq, half.next_lags) == (150, 150, VALUES[149:139:-1])


@pytest.mark.parametrize("name", names())
def test_predicting_leaves_the_state_as_it_is(name: str) -> None:
    asked, left = State(definition(name)), State(definition(name))
    expected = fold(left, 0, 60)
    predictions = fold(asked, 0, 30)
    for _ in range(5):
        asked.forecast(asked.next_lags, 20)
        asked.predict([1e15] * N_LAGS)
    assert predictions + fold(asked, 30, 60) == expected
    assert asked.forecast(asked.next_lags, 5) == left.forecast(left.next_lags, 5)


@pytest.mark.parametrize("name", names())
def test_the_state_has_a_bound(name: str) -> None:
    state = State(definition(name))
    fold(state, 0, 3000)
    half = len(pickle.dumps(state))
    fold(state, 3000, 6000)
    assert len(pickle.dumps(state)) <= 1.3 * half


@pytest.mark.parametrize("name", names())
def test_extreme_values_leave_finite_predictions(name: str) -> None:
    state = State(definition(name))
    for k in range(40):
        value = (1e15, -1e15, 5e-324, 0.0)[k % 4]
        lags = [(-1) ** k * 1e15] * N_LAGS
        state.learn(lags, value, state.predict(lags), k + 1)
        assert all(math.isfinite(step) for step in state.forecast(state.next_lags, 20))


def test_a_learner_that_diverges_is_replaced_and_counted() -> None:
    def build(season: int | None = None) -> Regressor:
        regressor: Regressor = linear_model.LinearRegression(optimizer=optim.SGD(1.0))
        return regressor

    state = State(Definition("diverging", build))
    predictions = fold(state, 0, 100)
    assert 50 < state.fallbacks < 100
    assert predictions[-1] == VALUES[98].hex()  # the newest lag
    assert state.forecast(state.next_lags, 3) == [VALUES[99]] * 3


@pytest.mark.parametrize("name", ["linear_regression", "bagging_regressor", "knn_regressor", "amf_regressor"])
def test_lags_with_names_and_without_make_the_same_state(name: str) -> None:
    def build(season: int | None = None) -> Regressor:
        regressor: Regressor = definition(name).build(season)
        assert isinstance(regressor, LagRegressor)
        hidden: Regressor = OnlyNamed(regressor)
        assert isinstance(by_lags(hidden), ByName)
        return hidden

    bare, named = State(definition(name)), State(Definition(name, build))
    assert fold(named, 0, 150) == fold(bare, 0, 150)
    assert named.forecast(named.next_lags, 10) == bare.forecast(bare.next_lags, 10)


class OnlyNamed:
    """A forecaster as River knows one, without the methods that take bare lags."""

    def __init__(self, regressor: Regressor) -> None:
        inner: Any = regressor
        self.predict_one, self.learn_one = inner.predict_one, inner.learn_one
        self.forecast_from = inner.forecast_from


def test_a_value_is_held_plausible_exactly_where_it_lies_around_what_was_seen() -> None:
    lots = random.Random(3)
    seen = PlausibleRange()
    for k in range(400):
        lags = [lots.gauss(0, 10.0 ** lots.randint(-2, 3)) for _ in range(3)]
        low, high = seen.around(lags)
        for value in (low, high, math.nextafter(low, -math.inf), math.nextafter(high, math.inf), VALUES[k], math.nan):
            assert seen.holds(value, lags) == (low <= value <= high)
        seen.add(lots.choice((VALUES[k], lots.gauss(0, 1000))))


def test_an_unknown_model_is_named() -> None:
    with pytest.raises(UnknownModel, match="MODEL_NAME"):
        definition("no_such_model")
    assert {"linear_regression", "bagging_regressor", "knn_regressor", "amf_regressor"} <= set(names())


@pytest.fixture
def checkpoint() -> Checkpoint:
    """Return a state with some lessons."""
    state = State(definition("linear_regression"))
    fold(state, 0, 20)
    return Checkpoint(state, "token")


def test_a_snapshot_comes_back(checkpoint: Checkpoint) -> None:
    sealer = Snapshots(definition("linear_regression"), "key")
    opened = sealer.open("s", sealer.seal("s", checkpoint))
    assert opened is not None
    assert (opened.token, opened.state.n) == ("token", 20)
    assert fold(opened.state, 20, 40) == fold(checkpoint.state, 20, 40)


def test_a_snapshot_that_is_not_surely_ours_is_none(checkpoint: Checkpoint) -> None:
    linear = definition("linear_regression")
    sealer = Snapshots(linear, "key")
    envelope = sealer.seal("s", checkpoint)
    assert Snapshots(linear, "another key").open("s", envelope) is None
    assert Snapshots(linear, "").open("s", envelope) is None
    assert Snapshots(definition("knn_regressor"), "key").open("s", envelope) is None
    assert sealer.open("another series", envelope) is None
    for cut in (0, 1, 31, 32, 33, len(envelope) // 2, len(envelope) - 1):
        assert sealer.open("s", envelope[:cut]) is None
    for at in (0, 40, len(envelope) - 1):
        turned = bytearray(envelope)
        turned[at] ^= 1
        assert sealer.open("s", bytes(turned)) is None
    assert sealer.open("s", None) is None


@pytest.mark.parametrize("name", ["river", "python", "numpy", "format", "revision"])
def test_a_snapshot_of_another_version_is_none(checkpoint: Checkpoint, name: str) -> None:
    sealer = Snapshots(definition("linear_regression"), "key")
    line, _, pickled = sealer.seal("s", checkpoint)[32:].partition(b"\n")
    for header, there in ((json.loads(line), True), ({**json.loads(line), name: "0.0.1"}, False)):
        body = json.dumps(header).encode() + b"\n" + pickled
        opened = sealer.open("s", hmac.digest(b"key", body, "sha256") + body)
        assert (opened is not None) == there
