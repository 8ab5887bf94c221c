"""model: lessons, forecasts, metrics, and a state that survives its process to the last bit."""

from __future__ import annotations

import json
import math
import os
import pickle
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.function_processes import FunctionProcess, RedisServer
from tests.functions.sending import FEATURES, PREDICTION, deliver, new_series
from tests.patience import eventually
from tests.plain_loop import MODELS, plain_loop

LAGS = 10
VALUES = [100 + 20 * math.sin(k / 2) + random.Random(k).uniform(-3, 3) for k in range(30)]
Models = Callable[[str], FunctionProcess]


def vector(past: list[float], n_lags: int = LAGS) -> dict[str, float]:
    """Return the features after these values, oldest first."""
    newest = [*past[::-1], *[0.0] * n_lags][:n_lags]
    return {f"in_{k}": value for k, value in enumerate(newest, 1)}


def teach(
    model: FunctionProcess, series: str, values: list[float], past: list[float] | None = None, numbered: bool = False
) -> list[float]:
    """Teach values by direct calls, and return what was predicted."""
    seen = list(past or [])
    predictions = []
    for seq, value in enumerate(values, 1):
        body = {"series_id": series, "features": vector(seen), "target": value} | ({"seq": seq} if numbered else {})
        answer = model.post("/predict_learn", body)
        assert answer.status_code == 200, answer.text
        predictions.append(answer.json()["prediction"])
        seen.append(value)
    return predictions


def announce(model: FunctionProcess, series: str, seq: int, values: list[float], **attributes: str) -> Any:
    """Deliver the features event of observation `seq`."""
    features = vector(values[: seq - 1])
    known = {"available_lags": min(seq - 1, LAGS), "target": values[seq - 1]}
    data = {"series_id": series, "seq": seq, "features": features, **known}
    return deliver(model, FEATURES, data, **{"id": f"{series}-{seq}", **attributes})


@pytest.mark.parametrize("name", MODELS)
def test_every_model_equals_a_plain_loop(models: Models, name: str) -> None:
    series = new_series()
    expected = plain_loop(name, VALUES, n_lags=LAGS)
    assert teach(models(name), series, VALUES) == expected.predictions
    forecast = models(name).get("/forecast", series_id=series, steps=5).json()["forecast"]
    assert [step["value"] for step in forecast] == expected.forecasts[-1]
    assert [step["step"] for step in forecast] == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("name", MODELS)
def test_untrained_predicts_the_newest_lag(models: Models, name: str) -> None:
    series = new_series()
    body = {"series_id": series, "features": {"in_1": 7.25, "in_2": 3}}
    forecast = models(name).post("/predict_many", {**body, "steps": 3}).json()["forecast"]
    assert forecast == [{"step": step, "value": 7.25} for step in (1, 2, 3)]
    answer = models(name).post("/predict_learn", {**body, "target": 8})
    assert answer.json() == {"prediction": 7.25, "series_id": series, "n": 1}


def test_health(model: FunctionProcess) -> None:
    assert model.get("/health").json()["status"] == "ok"


def test_a_repeated_call_with_its_key_teaches_once(model: FunctionProcess) -> None:
    series = new_series()
    body = {"series_id": series, "features": vector([]), "target": 5}
    answers = [model.post("/predict_learn", body, Idempotency_Key="k") for _ in range(3)]
    assert {answer.text for answer in answers} == {answers[0].text}
    other = model.post("/predict_learn", {**body, "target": 6}, Idempotency_Key="k")
    assert other.status_code == 422
    assert "Idempotency-Key" in other.json()["error"]
    assert model.post("/predict_learn", body, Idempotency_Key="k2").json()["n"] == 2


@pytest.mark.parametrize("steps", [1, 5, 100])
def test_predict_many_shifts_its_lags_and_learns_nothing(model: FunctionProcess, steps: int) -> None:
    series = new_series()
    teach(model, series, VALUES[:10])
    body = {"series_id": series, "features": vector(VALUES[:10]), "steps": steps}
    answers = [model.post("/predict_many", body).json()["forecast"] for _ in range(2)]
    assert answers[0] == answers[1]
    assert len(answers[0]) == steps
    assert answers[0] == model.get("/forecast", series_id=series, steps=steps).json()["forecast"]


def test_a_model_that_learned_nothing_forecasts_nothing(model: FunctionProcess) -> None:
    assert model.get("/forecast", series_id=new_series()).status_code == 404


def test_forecast_is_the_one_recorded_with_the_lesson(model: FunctionProcess, redis_server: RedisServer) -> None:
    series = new_series()
    teach(model, series, VALUES[:12], numbered=True)
    with redis_server.client() as client:
        newest = client.xrevrange(f"model:linear_regression:{{{series}}}:journal", count=1)[0][1]
    recorded = json.loads(newest[b"lesson"])["forecast"]
    assert [step["value"] for step in model.get("/forecast", series_id=series).json()["forecast"]] == recorded
    assert model.get("/model_metrics").json()[series]["forecast"] == recorded


def test_metrics_follow_a_direct_lesson_by_themselves(model: FunctionProcess, redis_server: RedisServer) -> None:
    series = new_series()
    teach(model, series, VALUES[:12])
    with redis_server.client() as client:
        key = f"model:linear_regression:{{{series}}}:metrics"
        eventually(lambda: client.hget(key, "count") == b"12")
        shown = json.loads(client.hget(key, "forecast") or "null")
    assert [step["value"] for step in model.get("/forecast", series_id=series).json()["forecast"]] == shown


def measures(targets: list[float], predictions: list[float]) -> dict[str, float]:
    """Recompute a window's measures."""
    errors = [abs(target - prediction) for target, prediction in zip(targets, predictions, strict=True)]
    mse = sum(error**2 for error in errors) / len(errors)
    mape = 100 * sum(error / abs(target) for error, target in zip(errors, targets, strict=True)) / len(errors)
    return {"mae": sum(errors) / len(errors), "mse": mse, "rmse": math.sqrt(mse), "mape": mape}


def test_metrics_are_those_of_the_predictions(model: FunctionProcess) -> None:
    series = new_series()
    predictions = teach(model, series, VALUES)
    shown = model.get("/model_metrics").json()[series]
    text = model.get("/metrics").text
    exported = {
        (sample.name, sample.labels.get("step")): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.labels.get("series") == series and sample.labels["model"] == "linear_regression"
    }
    for window in (5, 10, 20):
        for name, value in measures(VALUES[-window:], predictions[-window:]).items():
            assert shown[f"{name}_{window}"] == pytest.approx(value)
            assert exported[f"ml_model_{name}_{window}", None] == pytest.approx(value)
    last = {"prediction": predictions[-1], "actual": VALUES[-1], "error": abs(VALUES[-1] - predictions[-1])}
    for name, value in last.items():
        assert shown[f"last_{name}"] == exported[f"ml_model_last_{name}", None] == value
    assert shown["count"] == exported["ml_model_predictions_total", None] == len(VALUES)
    assert [exported["ml_model_forecast", str(step)] for step in range(1, 6)] == shown["forecast"]
    assert model.get("/model_metrics").json()["model_info"]["model_name"] == "linear_regression"


def test_features_become_a_prediction(model: FunctionProcess) -> None:
    series = new_series()
    first = announce(model, series, 1, VALUES)
    data = first.json()
    assert first.headers["ce-type"] == PREDICTION
    assert (first.headers["ce-subject"], first.headers["ce-sequence"]) == (series, "1")
    assert (data["series_id"], data["seq"], data["model"], data["n"]) == (series, 1, "linear_regression", 1)
    assert (data["prediction"], data["target"], data["error"]) == (0.0, VALUES[0], VALUES[0])
    assert len(data["forecast"]) == 5
    again = announce(model, series, 1, VALUES)
    assert again.content == first.content
    assert again.headers["ce-id"] == first.headers["ce-id"]


@pytest.mark.parametrize("name", MODELS)
def test_a_gap_is_filled_from_the_record(models: Models, features: FunctionProcess, name: str) -> None:
    series = new_series()
    for value in VALUES:
        features.post("/add", {"series_id": series, "value": value})
    expected = plain_loop(name, VALUES, n_lags=LAGS)
    for seq in (1, 9, 4, 9, 30, 17, 2):
        answer = announce(models(name), series, seq, VALUES).json()
        assert (answer["seq"], answer["n"]) == (seq, seq)
        assert answer["prediction"] == expected.predictions[seq - 1]
        assert answer["forecast"] == expected.forecasts[seq - 1]


def test_direct_lessons_by_number_are_learned_once(model: FunctionProcess, features: FunctionProcess) -> None:
    series = new_series()
    added = [features.post("/add", {"series_id": series, "value": value}).json() for value in VALUES[:6]]
    answers = []
    for k in (0, 5, 5, 2):
        body = {name: added[k][name] for name in ("series_id", "features", "target", "seq")}
        answers.append(model.post("/predict_learn", body).json())
    assert [answer["n"] for answer in answers] == [1, 6, 6, 3]
    assert [a["prediction"] for a in answers] == [
        plain_loop("linear_regression", VALUES[:6], n_lags=LAGS).predictions[k] for k in (0, 5, 5, 2)
    ]


def test_features_ahead_of_the_record_have_to_wait(model: FunctionProcess, features: FunctionProcess) -> None:
    series = new_series()
    features.post("/add", {"series_id": series, "value": VALUES[0]})
    answer = announce(model, series, 5, VALUES)
    assert answer.status_code == 409
    assert "'seq'" in answer.json()["error"]


@pytest.fixture
def lone(tmp_path: Path, redis_server: RedisServer) -> Iterator[Callable[[str], FunctionProcess]]:
    """Return what makes a model's process that a test may end as it likes."""
    made: list[FunctionProcess] = []

    def make(name: str) -> FunctionProcess:
        settings = {"REDIS_URL": redis_server.url, "SNAPSHOT_KEY": "tests", "MODEL_NAME": name}
        made.append(FunctionProcess(tmp_path, source="model", settings=settings).start())
        return made[-1]

    yield make
    for process in made:
        process.kill()


@pytest.mark.parametrize("name", MODELS)
def test_a_restart_changes_nothing(lone: Callable[[str], FunctionProcess], name: str) -> None:
    series = new_series()
    process = lone(name)
    predictions = teach(process, series, VALUES[:10])
    process.stop()
    process.start()
    predictions += teach(process, series, VALUES[10:20], VALUES[:10])
    process.kill()
    process.start()
    predictions += teach(process, series, VALUES[20:], VALUES[:20])
    expected = plain_loop(name, VALUES, n_lags=LAGS)
    assert predictions == expected.predictions
    forecast = process.get("/forecast", series_id=series).json()["forecast"]
    assert [step["value"] for step in forecast] == expected.forecasts[-1]
    assert "restored" in process.log()


class Intruder:
    """Unpickled, it creates a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.path),)


@pytest.mark.parametrize("how", ["bare pickle", "another seal", "old seal, other body"])
def test_a_forged_snapshot_is_never_unpickled(
    lone: Callable[[str], FunctionProcess], redis_server: RedisServer, tmp_path: Path, how: str
) -> None:
    series, planted = new_series(), tmp_path / "planted"
    process = lone("linear_regression")
    predictions = teach(process, series, VALUES[:10])
    process.stop()
    key = f"model:linear_regression:{{{series}}}:snapshot"
    evil = pickle.dumps(Intruder(planted))
    with redis_server.client() as client:
        ours = client.get(key)
        assert ours, "a process that is told to stop leaves a snapshot"
        header = ours[32:].partition(b"\n")[0] + b"\n"
        forged = {"bare pickle": evil, "another seal": b"\0" * 32 + header + evil}
        client.set(key, forged.get(how, ours[:32] + header + evil))
    process.start()
    predictions += teach(process, series, VALUES[10:], VALUES[:10])
    assert predictions == plain_loop("linear_regression", VALUES, n_lags=LAGS).predictions
    assert not planted.exists()


def test_reading_an_unknown_series_leaves_no_trace(model: FunctionProcess, redis_server: RedisServer) -> None:
    series = new_series("unknown")
    model.get("/forecast", series_id=series)
    model.post("/predict_many", {"series_id": series, "features": {"in_1": 1}})
    with redis_server.client() as client:
        assert not client.sismember("model:linear_regression:series", series)


def test_without_redis_a_model_says_so(tmp_path: Path) -> None:
    server = RedisServer(tmp_path / "redis").start()
    settings = {"REDIS_URL": server.url, "MODEL_NAME": "linear_regression"}
    process = FunctionProcess(tmp_path, source="model", settings=settings).start()
    try:
        before = teach(process, "s", VALUES[:5])
        server.kill()
        body = {"series_id": "s", "features": vector(VALUES[:5]), "target": VALUES[5]}
        for answer in (process.post("/predict_learn", body), process.get("/forecast", series_id="s")):
            assert answer.status_code == 503
            assert "Redis" in answer.json()["error"]
            assert "Retry-After" in answer.headers
        server.start()
        after = teach(process, "s", VALUES[5:], VALUES[:5])
        assert before + after == plain_loop("linear_regression", VALUES, n_lags=LAGS).predictions
    finally:
        process.kill()
        server.kill()
