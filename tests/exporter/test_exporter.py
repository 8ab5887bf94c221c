"""What the exporter says is what Redis has, within bounds, and with Redis away it says that."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from rivulet.exporter.collector import RivuletCollector
from rivulet.exporter.series import OTHERS
from rivulet.exposition import ERRORS
from rivulet.settings import Settings
from rivulet.store import Store
from rivulet.store.overview import BATCH
from tests.exporter.conftest import Start
from tests.exporter.many_series import MODELS, fill
from tests.exporter.running import Exporter, Samples, named, one, samples_of
from tests.function_processes import FunctionProcess, RedisServer
from tests.patience import eventually

FEATURES = "dev.rivulet.features.v1"
OBSERVATION = "dev.rivulet.observation.v1"
PREDICTION = "dev.rivulet.prediction.v1"


def deliver(to: FunctionProcess, kind: str, data: dict[str, Any], id: str, **attributes: str) -> Any:
    headers = {"ce-specversion": "1.0", "ce-type": kind, "ce-source": "/test", "ce-id": id}
    headers |= {f"ce-{name}": value for name, value in attributes.items()}
    answer = to.call("POST", "/", json=data, headers=headers)
    assert answer.status_code in (200, 204), answer.text
    return answer.json() if answer.content else None


def scrape(store: Store, **settings: Any) -> Samples:
    registry = CollectorRegistry(auto_describe=False)
    registry.register(RivuletCollector(Settings(**settings), store))
    return samples_of(generate_latest(registry).decode())


@contextmanager
def round_trips(store: Store) -> Iterator[list[None]]:
    """Count the commands and pipelines that are sent."""
    made: list[None] = []
    call = store.call

    def counted(command: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        made.append(None)
        return call(command, *args, **kwargs)

    store.call = counted  # type: ignore[method-assign]
    try:
        yield made
    finally:
        store.call = call  # type: ignore[method-assign]


def test_it_says_what_a_chain_did(exporter: Exporter, start: Start) -> None:
    features, model = start("features"), start("model", MODEL_NAME="linear_regression", K_SERVICE="model-linear")
    ledger = start("ledger")
    values = [100.0, 110.0, 105.0, 130.0]
    trace = f"00-{'a' * 32}-{'b' * 16}-01"
    tick_time = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    for seq, value in enumerate(values, 1):
        data = {"series_id": "kitchen", "value": value}
        vector = deliver(features, OBSERVATION, data, str(seq), ticktime=tick_time, traceparent=trace)
        prediction = deliver(model, FEATURES, vector, f"f{seq}", ticktime=tick_time)
        deliver(ledger, PREDICTION, prediction, f"p{seq}", ticktime=tick_time)
    deliver(model, FEATURES, vector, "f4")
    metrics = model.get("/model_metrics").json()["kitchen"]
    for process in (features, model, ledger):
        process.stop()

    samples = exporter.samples()
    assert one(samples, "rivulet_redis_up") == 1
    where = {"series": "kitchen", "model": "linear_regression"}
    for name in (*ERRORS, "last_prediction", "last_actual", "last_error"):
        assert one(samples, f"ml_model_{name}", **where) == pytest.approx(metrics[name])
    assert one(samples, "ml_model_predictions_total", **where) == 4
    assert one(samples, "ml_model_fallbacks_total", **where) == 0
    assert [one(samples, "ml_model_forecast", step=str(step), **where) for step in range(1, 6)] == metrics["forecast"]
    naive = sum(abs(new - old) for old, new in pairwise(values)) / 3
    assert one(samples, "ml_baseline_mae_20", baseline="naive") == pytest.approx(naive)
    # From 110 the line goes on to 120; from 105, at 2.5 a step since 100, to 107.5.
    assert one(samples, "ml_baseline_mae_20", baseline="drift") == pytest.approx((15 + 22.5) / 2)
    assert one(samples, "rivulet_observations_total", series="kitchen") == 4
    assert one(samples, "rivulet_journal_lessons", **where) == 4
    assert one(samples, "rivulet_snapshot_bytes", **where) > 0
    assert one(samples, "rivulet_snapshot_timestamp_seconds", **where) == pytest.approx(time.time(), abs=60)
    assert one(samples, "rivulet_last_observation_timestamp_seconds") == pytest.approx(time.time(), abs=60)
    assert one(samples, "rivulet_last_prediction_timestamp_seconds", **where) == pytest.approx(time.time(), abs=60)
    assert one(samples, "rivulet_duplicates_absorbed_total", service="model-linear") == 1
    assert one(samples, "rivulet_events_total", service="model-linear", type="features", outcome="answered") == 4
    assert one(samples, "rivulet_events_total", service="model-linear", type="features", outcome="duplicate") == 1
    assert one(samples, "rivulet_event_duration_seconds_count", service="features", type="observation") == 4
    for stage in ("observe", "learn", "record", "total"):
        assert one(samples, "rivulet_chain_latency_seconds_count", stage=stage) == 4
    for service in ("features", "model-linear", "ledger"):
        assert one(samples, "rivulet_cold_start_seconds_count", service=service, phase="import") == 1
        assert one(samples, "rivulet_function_pods", service=service) == 0
        assert one(samples, "rivulet_function_process_seconds_total", service=service) > 0


def test_it_says_which_functions_live_and_what_a_restart_restored(exporter: Exporter, start: Start) -> None:
    body = {"series_id": "s", "features": {"in_1": 1.0}, "target": 2.0}
    first = start("model", MODEL_NAME="linear_regression", SNAPSHOT_KEY="")
    for _ in range(3):
        assert first.post("/predict_learn", body).ok
    lives = {"service": "model"}
    eventually(lambda: named(exporter.samples(), "rivulet_function_pods", **lives) == [1])
    assert one(exporter.samples(), "rivulet_function_memory_bytes", **lives) > 10_000_000
    first.stop()
    assert one(exporter.samples(), "rivulet_function_pods", **lives) == 0
    second = start("model", MODEL_NAME="linear_regression", SNAPSHOT_KEY="")
    assert second.post("/predict_learn", body).ok
    second.stop()
    samples = exporter.samples()
    assert one(samples, "rivulet_restores_total", **lives) == 1
    assert one(samples, "rivulet_restored_lessons_total", **lives) == 3
    assert one(samples, "rivulet_cold_start_seconds_count", phase="restore", **lives) == 1
    assert one(samples, "rivulet_cold_start_seconds_count", phase="import", **lives) == 2


def test_a_gap_that_is_filled_is_counted(exporter: Exporter, start: Start) -> None:
    features, model = start("features"), start("model", MODEL_NAME="linear_regression")
    for seq in (1, 2, 3):
        vector = deliver(features, OBSERVATION, {"series_id": "s", "value": float(seq)}, str(seq))
    deliver(model, FEATURES, vector, "f3")
    model.stop()
    assert one(exporter.samples(), "rivulet_gaps_filled_total", service="model") == 2


def test_the_model_of_a_combination_needs_no_setting(exporter: Exporter, redis_server: RedisServer) -> None:
    fill(Store(redis_server.url), 1, MODELS[:1])
    with redis_server.client() as client:
        kept = {name: json.dumps(1.0) for name in ERRORS} | {"count": "7", "updated_ms": "1700000000000"}
        client.hset("model:champion:{s00000}:metrics", mapping=kept)
    samples = exporter.samples()
    assert one(samples, "ml_model_predictions_total", model="champion") == 7
    assert one(samples, "ml_model_mae_20", model="champion", series="s00000") == 1.0


def test_without_redis_it_answers_and_says_so_and_comes_back(exporter: Exporter, redis_server: RedisServer) -> None:
    fill(Store(redis_server.url), 1)
    assert one(exporter.samples(), "rivulet_redis_up") == 1
    redis_server.kill()
    samples = exporter.samples()
    assert one(samples, "rivulet_redis_up") == 0
    assert named(samples, "ml_model_predictions_total") == []
    assert exporter.get("/health").status_code == 200
    redis_server.start()
    eventually(lambda: one(exporter.samples(), "rivulet_redis_up") == 1)
    assert len(named(exporter.samples(), "ml_model_predictions_total")) == len(MODELS)


def test_a_redis_that_hangs_is_away(exporter: Exporter, redis_server: RedisServer) -> None:
    fill(Store(redis_server.url), 1)
    assert one(exporter.samples(), "rivulet_redis_up") == 1
    redis_server.pause()
    try:
        assert one(exporter.samples(), "rivulet_redis_up") == 0
    finally:
        redis_server.resume()
    eventually(lambda: one(exporter.samples(), "rivulet_redis_up") == 1)


def test_series_beyond_the_setting_are_added_up(redis_server: RedisServer) -> None:
    store = Store(redis_server.url)
    fill(store, 10)
    samples = scrape(store, exporter_series=4)
    own = {dict(labels)["series"] for name, labels in samples if name == "ml_model_mae_5"}
    assert own == {"s00000", "s00001", "s00002", "s00003", OTHERS}
    rest = [0.25 * (number + 1) for number in range(4, 10)]
    assert one(samples, "ml_model_mae_5", series=OTHERS, model="knn_regressor") == pytest.approx(sum(rest) / 6)
    assert one(samples, "ml_model_predictions_total", series=OTHERS, model="knn_regressor") == 12
    assert one(samples, "rivulet_observations_total", series=OTHERS) == 12
    assert one(samples, "rivulet_exporter_series", **{"as": "own"}) == 4
    assert one(samples, "rivulet_exporter_series", **{"as": "others"}) == 6
    everything = scrape(store, exporter_series=100)
    total = sum(named(everything, "ml_model_predictions_total"))
    assert total == sum(named(samples, "ml_model_predictions_total")) == 80


def test_round_trips_grow_with_batches_and_samples_with_the_setting(redis_server: RedisServer) -> None:
    store = Store(redis_server.url)
    few, many = 2, 6
    made, sizes = {}, {}
    for batches in (few, many):
        store.client.flushdb()
        fill(store, batches * BATCH)
        scrape(store, exporter_series=20)  # the script is there from now on
        with round_trips(store) as trips:
            sizes[batches] = len(scrape(store, exporter_series=20))
        made[batches] = len(trips)
    assert made[many] - made[few] <= 3 * (many - few)  # one for each batch, and those of SCAN, of a thousand keys
    assert made[many] < many * BATCH / 50
    assert sizes[many] == sizes[few]


def test_counting_costs_an_event_no_round_trip(start: Start, redis_server: RedisServer) -> None:
    events = 200
    features, model = start("features"), start("model", MODEL_NAME="linear_regression")
    with redis_server.client() as client:
        vector = deliver(features, OBSERVATION, {"series_id": "s", "value": 1.0}, "0")
        deliver(model, FEATURES, vector, "f0")  # a script's first call finds that it has to be loaded
        before = client.info("commandstats")
        for number in range(1, events + 1):
            vector = deliver(features, OBSERVATION, {"series_id": "s", "value": float(number)}, str(number))
            deliver(model, FEATURES, vector, f"f{number}")
        after = client.info("commandstats")

    def calls(command: str) -> int:
        counted = [info.get(f"cmdstat_{command}", {"calls": 0})["calls"] for info in (before, after)]
        return int(counted[1] - counted[0])

    assert calls("evalsha") <= 2 * events + 2  # one for each function's event; a snapshot in between
    assert calls("hincrby") < events / 2  # sums, a few times, instead of a count for each event
