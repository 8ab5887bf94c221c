"""An anchored model: where lags stand, and how far a learner is heard."""

from __future__ import annotations

import json
import math
import pickle
import random

import pytest

from rivulet.anchors.anchored import Anchored
from rivulet.champion import Champion
from rivulet.lags import lag_vector, named, shifted
from rivulet.models import definition, names

DRAW = random.Random(17)
VALUES = [100 + 20 * math.sin(math.tau * k / 12) + DRAW.gauss(0, 2) for k in range(120)]
N_LAGS = 15


class Constant:
    """A learner that always says the same, in usual errors."""

    def __init__(self, says: float) -> None:
        self.says = says
        self.targets: list[float] = []

    def predict_one(self, x: dict[str, float]) -> float:
        return self.says

    def learn_one(self, x: dict[str, float], y: float) -> None:
        self.targets.append(y)


def taught(model: Anchored, values: list[float], n_lags: int = N_LAGS) -> list[float]:
    """Teach values in order, and return the lags that come next."""
    lags = lag_vector([], n_lags)
    for value in values:
        model.predict_one(named(lags))
        model.learn_one(named(lags), value)
        lags = shifted(lags, value)
    return lags


@pytest.mark.parametrize("name", [name for name in names() if isinstance(definition(name).build(), Anchored)])
def test_a_forecast_is_the_recursion_of_predictions(name: str) -> None:
    model = definition(name).build()
    assert isinstance(model, Anchored)
    lags = taught(model, VALUES)
    expected = model.forecast_from(named(lags), N_LAGS)
    found = []
    for _ in range(N_LAGS):
        found.append(model.predict_one(named(lags)))
        lags = shifted(lags, found[-1])
    assert found == expected


def test_a_forecast_beyond_the_lags_keeps_the_season() -> None:
    model = Anchored(Constant(0.0), season=12)
    ahead = model.forecast_from(named(taught(model, VALUES)), 48)
    expected = [100 + 20 * math.sin(math.tau * k / 12) for k in range(120, 168)]
    assert max(abs(one - other) for one, other in zip(ahead, expected, strict=True)) < 8


def test_lags_from_elsewhere_move_the_anchor() -> None:
    model = Anchored(Constant(0.0))
    lags = taught(model, VALUES)
    here, there = model.predict_one(named(lags)), model.predict_one(named([lag + 500 for lag in lags]))
    assert there == pytest.approx(here + 500)


def test_the_first_lags_count_as_values() -> None:
    model = Anchored(Constant(0.0))
    model.learn_one(named([30.0, 20.0, 10.0, 0.0, 0.0]), 40.0)
    assert 35 < model.predict_one(named([40.0, 30.0, 20.0, 10.0, 0.0])) < 55


def test_asking_changes_nothing_that_is_kept() -> None:
    model = Anchored(Constant(0.1))
    lags = taught(model, VALUES[:50])
    before = pickle.dumps(model)
    model.forecast_from(named(lags), 20)
    model.predict_one(named([1.0] * N_LAGS))
    assert pickle.dumps(model) == before


def test_a_learner_is_heard_as_far_as_it_helps() -> None:
    anchor, wrong = Anchored(Constant(0.0)), Anchored(Constant(4.0))
    lags = taught(anchor, VALUES)
    taught(wrong, VALUES)
    assert wrong.predict_one(named(lags)) == pytest.approx(anchor.predict_one(named(lags)), abs=0.5)
    learner = Constant(0.0)
    taught(Anchored(learner), VALUES)
    assert max(map(abs, learner.targets)) <= 6


def champion_of(said: dict[str, list[float]], values: list[float]) -> Champion:
    champion = Champion(12)
    for k, value in enumerate(values):
        champion.add(k + 1, value, {name: predictions[k] for name, predictions in said.items()})
    return champion


def test_the_champion_hears_who_came_near() -> None:
    said = {"near": [value + DRAW.gauss(0, 1) for value in VALUES], "far": [value + 30 for value in VALUES]}
    champion = champion_of(said, VALUES)
    weights = champion.weights(["near", "far", "naive", "seasonal_naive", "drift"])
    assert sum(weights.values()) == pytest.approx(1)
    assert weights["near"] > 0.9
    assert champion.look_ahead({"near": [1.0, 2.0], "far": [100.0, 100.0, 100.0]}) == champion.forecast
    assert len(champion.forecast) == 2


def test_the_champion_comes_back_from_json() -> None:
    said = {"one": [value + DRAW.gauss(0, 1) for value in VALUES], "two": [value + 3 for value in VALUES]}
    whole = champion_of(said, VALUES)
    half = champion_of({name: predictions[:60] for name, predictions in said.items()}, VALUES[:60])
    half = Champion.from_json(json.loads(json.dumps(half.to_json())))
    for k in range(60, 120):
        half.add(k + 1, VALUES[k], {name: predictions[k] for name, predictions in said.items()})
    assert half.to_json() == whole.to_json()


def test_what_nobody_predicted_has_no_champion() -> None:
    with pytest.raises(ValueError, match="nobody"):
        Champion(12).add(1, 5.0, {})
