"""The champion: a fold of what the models recorded, whatever events were lost, and whoever computes it."""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from rivulet.champion import Champion
from tests.function_processes import FunctionProcess, RedisServer
from tests.functions.conftest import LEDGER_MODELS, Start
from tests.functions.sending import FEATURES, OBSERVATION, PREDICTION, deliver, new_series
from tests.patience import eventually

DRAW = random.Random(8)
VALUES = [50 + 10 * (k % 4) + DRAW.gauss(0, 3) for k in range(40)]
SEASON = 4
Models = Callable[[str], FunctionProcess]


def stream(
    series: str, features: FunctionProcess, models: Models, ledger: FunctionProcess | None, values: list[float]
) -> None:
    """Send values the whole way; without a ledger, no prediction reaches it."""
    for value in values:
        announced = deliver(features, OBSERVATION, {"series_id": series, "value": value})
        for name in LEDGER_MODELS:
            predicted = deliver(models(name), FEATURES, announced.json(), id=announced.headers["ce-id"])
            if ledger:
                assert deliver(ledger, PREDICTION, predicted.json(), id=predicted.headers["ce-id"]).status_code == 204


def predictions(ledger: FunctionProcess, series: str, model: str) -> list[float]:
    page: dict[str, Any] = ledger.get("/predictions", series_id=series, model=model).json()
    return [row["prediction"] for row in page["predictions"]]


def forecasts(models: Models, series: str) -> dict[str, list[float]]:
    answers = {name: models(name).get("/forecast", series_id=series).json() for name in LEDGER_MODELS}
    return {name: [step["value"] for step in answer["forecast"]] for name, answer in answers.items()}


def expected(ledger: FunctionProcess, models: Models, series: str) -> tuple[list[float], list[float]]:
    """Return what the champion has to say, recomputed here from what the models recorded."""
    champion = Champion(SEASON)
    recorded = {name: predictions(ledger, series, name) for name in LEDGER_MODELS}
    said = [
        champion.add(seq, value, {name: values[seq - 1] for name, values in recorded.items()})
        for seq, value in enumerate(VALUES, 1)
    ]
    return said, champion.look_ahead(forecasts(models, series))


@pytest.fixture(scope="module")
def streamed(features: FunctionProcess, models: Models, ledger: FunctionProcess) -> str:
    series = new_series("crowned")
    stream(series, features, models, ledger, VALUES)
    return series


def test_it_is_the_fold_of_what_was_recorded(ledger: FunctionProcess, models: Models, streamed: str) -> None:
    said, ahead = expected(ledger, models, streamed)
    assert predictions(ledger, streamed, "champion") == said
    answer = ledger.get("/forecast", series_id=streamed).json()
    assert (answer["series_id"], answer["model"], answer["seq"]) == (streamed, "champion", len(VALUES))
    assert [step["value"] for step in answer["forecast"]] == ahead
    assert [step["step"] for step in answer["forecast"]] == [1, 2, 3, 4, 5]
    assert sum(answer["weights"].values()) == pytest.approx(1)
    assert set(answer["weights"]) <= {*LEDGER_MODELS, "naive", "seasonal_naive", "drift"}


def _counts(client: Any, key: str, count: bytes) -> bool:
    return bool(client.hget(key, "count") == count)


def test_its_metrics_are_in_redis_with_every_observation(
    ledger: FunctionProcess, models: Models, features: FunctionProcess, redis_server: RedisServer
) -> None:
    series = new_series("seen")
    with redis_server.client() as client:
        for k, value in enumerate(VALUES[:3], 1):
            stream(series, features, models, ledger, [value])
            key, count = f"model:champion:{{{series}}}:metrics", str(k).encode()
            eventually(partial(_counts, client, key, count))
            metrics = client.hgetall(key)
            assert metrics[b"seq"] == count
            assert float(metrics[b"last_actual"]) == value


def test_lost_predictions_are_read_from_the_journals(
    ledger: FunctionProcess, models: Models, features: FunctionProcess
) -> None:
    series = new_series("unheard")
    stream(series, features, models, ledger, VALUES[:10])
    stream(series, features, models, None, VALUES[10:30])
    stream(series, features, models, ledger, VALUES[30:])
    said, ahead = expected(ledger, models, series)
    assert predictions(ledger, series, "champion") == said
    assert [step["value"] for step in ledger.get("/forecast", series_id=series).json()["forecast"]] == ahead


def test_another_ledger_goes_on_from_the_same_place(
    start: Start, ledger: FunctionProcess, models: Models, features: FunctionProcess, streamed: str
) -> None:
    series = new_series("handed-over")
    another = start("ledger", MODELS=",".join(LEDGER_MODELS), SEASON=str(SEASON))
    for k, value in enumerate(VALUES):
        stream(series, features, models, (ledger, another)[k % 2], [value])
    assert predictions(another, series, "champion") == predictions(ledger, streamed, "champion")


def test_it_waits_for_every_model(ledger: FunctionProcess, models: Models, features: FunctionProcess) -> None:
    series = new_series("waiting")
    announced = deliver(features, OBSERVATION, {"series_id": series, "value": 5.0})
    first, second = LEDGER_MODELS
    deliver(models(first), FEATURES, announced.json(), id=announced.headers["ce-id"])
    assert predictions(ledger, series, "champion") == []
    assert ledger.get("/forecast", series_id=series).status_code == 404
    deliver(models(second), FEATURES, announced.json(), id=announced.headers["ce-id"])
    assert len(predictions(ledger, series, "champion")) == 1
    assert len(ledger.get("/forecast", series_id=series).json()["forecast"]) == 5


def test_direct_lessons_between_do_not_hold_it_up(
    ledger: FunctionProcess, models: Models, features: FunctionProcess
) -> None:
    series = new_series("mixed")
    stream(series, features, models, ledger, VALUES[:5])
    for k in range(250):  # more than a page of the journal
        body = {"series_id": series, "features": {"in_1": 1.0}, "target": float(k)}
        assert models(LEDGER_MODELS[0]).post("/predict_learn", body).status_code == 200
    stream(series, features, models, ledger, VALUES[5:8])
    assert len(predictions(ledger, series, "champion")) == 8


def test_a_given_season_is_that_of_the_baselines(
    start: Start, ledger: FunctionProcess, models: Models, streamed: str
) -> None:
    told = start("ledger", MODELS=",".join(LEDGER_MODELS), SEASON="12", SEASONS=f"{streamed}={SEASON}, other=7")
    rows = {row["model"]: row for row in told.get("/leaderboard", series_id=streamed).json()["rows"]}
    assert rows["seasonal_naive"]["count"] == len(VALUES) - SEASON
    told = start("ledger", MODELS=",".join(LEDGER_MODELS), SEASON="12")
    assert len(predictions(told, streamed, "champion")) == len(VALUES)  # computed anew, with another season
    assert expected(ledger, models, streamed)[0] == predictions(ledger, streamed, "champion")  # and back


def test_it_goes_with_its_series(
    ledger: FunctionProcess, models: Models, features: FunctionProcess, redis_server: RedisServer
) -> None:
    series = new_series("gone")
    stream(series, features, models, ledger, VALUES[:3])
    assert ledger.call("DELETE", f"/series/{series}").status_code == 204
    with redis_server.client() as client:
        assert list(client.scan_iter(match=f"*{series}*", count=10000)) == []
        assert not client.sismember("model:champion:series", series)
    stream(series, features, models, ledger, VALUES[:2])
    assert len(predictions(ledger, series, "champion")) == 2
