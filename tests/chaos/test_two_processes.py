"""Invariant 1 with two pods: both are fed at once, and nothing is learned twice."""

from __future__ import annotations

import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests

from rivulet import events
from rivulet.events import Event
from tests.chaos.stream import PlatformProcess
from tests.function_processes import FunctionProcess
from tests.plain_loop import MODELS, plain_loop

VALUES = [float(200 + k + k * 53 % 71) for k in range(1, 201)]


@contextmanager
def pod(model: str, redis_url: str, folder: Path) -> Iterator[str]:
    """Run one more process of a model, and return its address."""
    settings = {"MODEL_NAME": model, "REDIS_URL": redis_url, "SNAPSHOT_KEY": "two pods, one key"}
    process = FunctionProcess(folder, source="model", settings=settings)
    try:
        yield process.start().url
    finally:
        process.stop()


def features_events(platform: PlatformProcess, series: str) -> list[Event]:
    """Put the values on record, and return the features events that announce them."""
    found = []
    for value in VALUES:
        answer = platform.call("features", "POST", "/add", json={"series_id": series, "value": value}).json()
        data = {name: answer[name] for name in ("series_id", "seq", "features", "target", "available_lags")}
        found.append(Event(f"{series}-{answer['seq']}", "/tests/features", events.FEATURES, data))
    return found


def deliver(address: str, event: Event) -> dict[str, Any]:
    """Deliver an event as the Broker does: again, while the answer says so."""
    headers, body = events.to_http(event)
    for _ in range(100):
        response = requests.post(address, data=body, headers=headers, timeout=60)
        if response.status_code == 200:
            answer: dict[str, Any] = response.json()
            return answer
        assert response.status_code in (409, 503), response.text
    raise AssertionError(f"{address} never took {event.id}")


@pytest.mark.parametrize("model", MODELS)
def test_two_processes_fed_at_once(platform: PlatformProcess, model: str, tmp_path: Path) -> None:
    """Both get every event, at the same time and each in an order of its own."""
    platform.start()
    announced = features_events(platform, "both")
    redis_url = platform.report()["redis_url"]
    with pod(model, redis_url, tmp_path) as one, pod(model, redis_url, tmp_path) as two:

        def feed(address: str, seed: int) -> list[dict[str, Any]]:
            lots = random.Random(seed)
            order = sorted(announced, key=lambda event: event.data["seq"] + lots.uniform(0, 6))
            return [deliver(address, event) for event in order]

        with ThreadPoolExecutor(2) as pool:
            answers = [future.result() for future in (pool.submit(feed, one, 1), pool.submit(feed, two, 2))]
    expected = plain_loop(model, VALUES)
    for heard in answers:
        by_seq = sorted(heard, key=lambda answer: answer["seq"])
        assert [answer["seq"] for answer in by_seq] == list(range(1, len(VALUES) + 1))
        assert [answer["prediction"] for answer in by_seq] == expected.predictions
        assert [answer["forecast"] for answer in by_seq] == expected.forecasts
    rows = platform.recorded("both", model)
    assert [row["n"] for row in rows] == list(range(1, len(VALUES) + 1))
    assert [row["prediction"] for row in rows] == expected.predictions


def test_direct_lessons_to_two_processes(platform: PlatformProcess, tmp_path: Path) -> None:
    """Direct calls at two processes: each lesson is learned once, in the order that the journal has."""
    platform.start()
    redis_url = platform.report()["redis_url"]
    model = "linear_regression"
    with pod(model, redis_url, tmp_path) as one, pod(model, redis_url, tmp_path) as two:

        def teach(address: str, base: int) -> list[int]:
            numbers = []
            for k in range(40):
                features = {"in_1": float(base + k), "in_2": float(base - k)}
                body = {"series_id": "direct", "features": features, "target": float(base + 2 * k)}
                headers = {"Idempotency-Key": f"{base}-{k}"}
                first = requests.post(f"{address}/predict_learn", json=body, headers=headers, timeout=60)
                again = requests.post(f"{two}/predict_learn", json=body, headers=headers, timeout=60)
                assert first.status_code == 200, first.text
                assert again.json() == first.json()
                numbers.append(first.json()["n"])
            return numbers

        with ThreadPoolExecutor(2) as pool:
            numbers = [pool.submit(teach, one, 100), pool.submit(teach, two, 500)]
            learned = sorted(n for future in numbers for n in future.result())
    assert learned == list(range(1, 81))


def test_two_processes_fill_one_gap(platform: PlatformProcess, tmp_path: Path) -> None:
    """Both find at once that they miss thousands of observations: several batches, of which each is taken of one."""
    platform.start()
    values = [float(200 + k % 24 * 3 + k * 53 % 71) for k in range(1, 2801)]
    answer: dict[str, Any] = {}
    for value in values:
        answer = platform.call("features", "POST", "/add", json={"series_id": "gap", "value": value}).json()
    data = {name: answer[name] for name in ("series_id", "seq", "features", "target", "available_lags")}
    announced = Event("gap-newest", "/tests/features", events.FEATURES, data)
    redis_url, model = platform.report()["redis_url"], "linear_regression"
    with (
        pod(model, redis_url, tmp_path) as one,
        pod(model, redis_url, tmp_path) as two,
        ThreadPoolExecutor(2) as pool,
    ):
        answers = list(pool.map(lambda address: deliver(address, announced), (one, two)))
        refused = [requests.get(f"{each}/model_metrics", timeout=60).json() for each in (one, two)]
    expected = plain_loop(model, values)
    assert [answer["prediction"] for answer in answers] == [expected.predictions[-1]] * 2
    assert [answer["forecast"] for answer in answers] == [expected.forecasts[-1]] * 2
    rows = platform.recorded("gap", model)
    assert [row["n"] for row in rows] == list(range(1, len(values) + 1))
    assert [row["prediction"] for row in rows] == expected.predictions
    counts = [each["model_info"]["in_this_process"] for each in refused]
    assert sum(each["lessons"] for each in counts) == len(values)
    assert sum(each["conflicts"] for each in counts) > 0
