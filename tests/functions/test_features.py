"""features: numbering, lags, order, and what happens while Redis is away."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.function_processes import FunctionProcess, RedisServer
from tests.functions.conftest import Start
from tests.functions.sending import FEATURES, OBSERVATION, deliver, new_series

LAGS = 10


def lags(*newest_first: float) -> dict[str, float]:
    """Return the feature vector of these past values."""
    values = [*newest_first, *[0.0] * (LAGS - len(newest_first))]
    return {f"in_{k}": value for k, value in enumerate(values, 1)}


def observe(features: FunctionProcess, series: str, value: float, **attributes: str) -> requests.Response:
    """Deliver an observation."""
    return deliver(features, OBSERVATION, {"series_id": series, "value": value}, **attributes)


def log_of(server: RedisServer, series: str) -> list[dict[bytes, bytes]]:
    """Return the entries of a series' record."""
    with server.client() as client:
        return [entry for _, entry in client.xrange(f"series:{{{series}}}:log")]


def test_add_answers_lags_newest_first(features: FunctionProcess) -> None:
    series = new_series()
    for k, value in enumerate((5, 7.5, -2)):
        answer = features.post("/add", {"series_id": series, "value": value}).json()
        assert answer == {
            "series_id": series,
            "features": lags(*[5.0, 7.5][:k][::-1]),
            "target": value,
            "available_lags": k,
            "seq": k + 1,
            "storage": "redis",
        }
    assert list(answer["features"]) == [f"in_{k}" for k in range(1, LAGS + 1)]


def test_available_lags_stop_at_the_number_of_lags(features: FunctionProcess) -> None:
    series = new_series()
    answers = [features.post("/add", {"series_id": series, "value": k}).json() for k in range(LAGS + 3)]
    assert [answer["available_lags"] for answer in answers] == [*range(LAGS), LAGS, LAGS, LAGS]
    assert answers[-1]["features"] == lags(*range(LAGS + 1, 1, -1))


def test_series_id_is_default_when_it_is_not_given(features: FunctionProcess) -> None:
    assert features.post("/add", {"value": 1}).json()["series_id"] == "default"


def test_info_and_health(features: FunctionProcess) -> None:
    info = {"service": "feature_service", "max_lags": LAGS, "output_format": f"model_ready_in_1_to_in_{LAGS}"}
    assert features.get("/info").json() == info
    assert features.get("/health").json()["status"] == "healthy"


def test_more_lags_by_setting(start: Start) -> None:
    fifteen = start("features", N_LAGS="15")
    assert fifteen.get("/info").json()["max_lags"] == 15
    answer = fifteen.post("/add", {"series_id": new_series(), "value": 1}).json()
    assert answer["features"] == {f"in_{k}": 0.0 for k in range(1, 16)}


def test_a_repeated_call_with_its_key_adds_once(features: FunctionProcess) -> None:
    series = new_series()
    answers = [features.post("/add", {"series_id": series, "value": 3}, Idempotency_Key="k1") for _ in range(3)]
    assert {answer.text for answer in answers} == {answers[0].text}
    assert features.post("/add", {"series_id": series, "value": 3}, Idempotency_Key="k2").json()["seq"] == 2


def test_the_key_used_for_another_body_is_refused(features: FunctionProcess) -> None:
    series = new_series()
    features.post("/add", {"series_id": series, "value": 3}, Idempotency_Key="k1")
    answer = features.post("/add", {"series_id": series, "value": 4}, Idempotency_Key="k1")
    assert answer.status_code == 422
    assert "Idempotency-Key" in answer.json()["error"]


def test_observation_becomes_features(features: FunctionProcess) -> None:
    series = new_series()
    data = {"series_id": series, "value": 4.5, "time": "1949-01", "observation_id": 7, "input": "x"}
    answer = deliver(features, OBSERVATION, data, traceparent="00-" + "a" * 32 + "-" + "b" * 16 + "-01")
    expected = {"series_id": series, "seq": 1, "features": lags(), "target": 4.5, "available_lags": 0}
    assert answer.json() == expected
    assert answer.headers["ce-type"] == FEATURES
    assert answer.headers["ce-subject"] == answer.headers["ce-partitionkey"] == series
    assert answer.headers["ce-sequence"] == "1"
    assert answer.headers["ce-traceparent"].startswith("00-aaaa")


def test_the_same_event_gets_the_same_number(features: FunctionProcess, redis_server: RedisServer) -> None:
    series = new_series()
    first = observe(features, series, 1, id="one")
    observe(features, series, 2, id="two")
    again = observe(features, series, 1, id="one")
    assert again.text == first.text
    assert again.headers["ce-id"] == first.headers["ce-id"]
    assert len(log_of(redis_server, series)) == 2


def test_early_observations_wait_for_their_turn(features: FunctionProcess, redis_server: RedisServer) -> None:
    series = new_series()
    early = [observe(features, series, number, sequence=str(number), id=str(number)) for number in (3, 2)]
    assert [(a.status_code, a.headers["Retry-After"]) for a in early] == [(429, "1"), (429, "1")]
    assert "sequence" in early[0].json()["error"]
    assert log_of(redis_server, series) == []
    first = observe(features, series, 1, sequence="1", id="1")
    assert first.json()["seq"] == 1
    assert [float(e[b"value"]) for e in log_of(redis_server, series)] == [1, 2, 3]
    third = observe(features, series, 3, sequence="3", id="3").json()
    assert (third["seq"], third["features"]) == (3, lags(2.0, 1.0))


def test_patience_ends_in_a_gap_and_what_comes_later_is_not_learned(
    features: FunctionProcess, redis_server: RedisServer
) -> None:
    series = new_series()
    observe(features, series, 1, sequence="1", id="1")
    assert observe(features, series, 4, sequence="4", id="4").status_code == 429
    time.sleep(1.1)
    fourth = observe(features, series, 4, sequence="4", id="4")
    assert (fourth.status_code, fourth.json()["seq"], fourth.json()["features"]) == (200, 4, lags(1.0))
    assert log_of(redis_server, series)[-1][b"gap"] == b"2"
    late = observe(features, series, 2, sequence="2", id="2")
    assert (late.status_code, late.content) == (204, b"")
    assert len(log_of(redis_server, series)) == 2
    with redis_server.client() as client:
        assert client.xlen(f"series:{{{series}}}:late") == 1
        observe(features, series, 2, sequence="2", id="2")
        assert client.xlen(f"series:{{{series}}}:late") == 1


@pytest.fixture
def away(tmp_path: Path) -> Iterator[tuple[FunctionProcess, RedisServer]]:
    """Return a features process and the Redis of its own, which a test may stop."""
    server = RedisServer(tmp_path / "redis").start()
    features = FunctionProcess(tmp_path, source="features", settings={"REDIS_URL": server.url}).start()
    yield features, server
    server.stop()
    features.kill()


@pytest.mark.parametrize("how", ["paused", "killed"])
def test_add_goes_on_without_redis_and_hands_over(away: tuple[FunctionProcess, RedisServer], how: str) -> None:
    features, server = away
    before = features.post("/add", {"series_id": "s", "value": 1}).json()
    assert before["storage"] == "redis"
    if how == "paused":
        server.pause()
    else:
        server.kill()
    held = [features.post("/add", {"series_id": "s", "value": value}).json() for value in (2, 3)]
    assert [(a["storage"], a["seq"], a["available_lags"]) for a in held] == [("memory", 2, 1), ("memory", 3, 2)]
    assert held[1]["features"] == lags(2.0, 1.0)
    refused = observe(features, "s", 9, id="while-away")
    assert refused.status_code == 503
    assert "Redis" in refused.json()["error"]
    if how == "paused":
        server.resume()
    else:
        server.start()
    _until(lambda: len(log_of(server, "s")) == 3)
    after = features.post("/add", {"series_id": "s", "value": 4}).json()
    assert (after["storage"], after["seq"], after["features"]) == ("redis", 4, lags(3.0, 2.0, 1.0))
    assert [float(e[b"value"]) for e in log_of(server, "s")] == [1, 2, 3, 4]
    said = features.log()
    order = [said.index("REDIS CONNECTED"), said.index("REDIS UNAVAILABLE"), said.rindex("REDIS CONNECTED")]
    assert order == sorted(set(order))


def test_a_stopped_process_hands_over_first(away: tuple[FunctionProcess, RedisServer]) -> None:
    features, server = away
    server.kill()
    answer = features.post("/add", {"series_id": "s", "value": 1}, Idempotency_Key="k").json()
    again = features.post("/add", {"series_id": "s", "value": 1}, Idempotency_Key="k").json()
    assert answer == again
    features.signal(signal.SIGTERM)
    time.sleep(2)
    assert features.running
    server.start()
    _until(lambda: not features.running)
    assert [float(e[b"value"]) for e in log_of(server, "s")] == [1]


def _until(done: object, within: float = 8.0) -> None:
    assert callable(done)
    deadline = time.monotonic() + within
    while not done():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)
