"""What a process reads while its modules load is used where it is still of use, and harmless where it is not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from rivulet.lags import lag_vector, named
from tests.function_processes import FunctionProcess, RedisServer
from tests.functions.sending import FEATURES, deliver, new_series
from tests.patience import eventually
from tests.plain_loop import plain_loop

MODEL = "linear_regression"
LAGS = 15
VALUES = [100.0 + 7 * (k % 12) + (k * 37) % 11 for k in range(120)]


@pytest.fixture
def pods(tmp_path: Path, redis_server: RedisServer) -> Iterator[list[FunctionProcess]]:
    """Return two processes of a model, not started."""
    settings = {"REDIS_URL": redis_server.url, "SNAPSHOT_KEY": "early", "MODEL_NAME": MODEL, "JOURNAL_KEEP": "5"}
    processes = [FunctionProcess(tmp_path / name, source="model", settings=settings) for name in ("one", "two")]
    yield processes
    for process in processes:
        process.stop()


def learn(pod: FunctionProcess, series: str, first: int, last: int) -> list[float]:
    """Have observations learned, and return what was predicted."""
    predictions = []
    for seq in range(first, last + 1):
        features = named(lag_vector(VALUES[max(0, seq - 1 - LAGS) : seq - 1][::-1], LAGS))
        data = {"series_id": series, "seq": seq, "features": features, "target": VALUES[seq - 1]}
        answer = deliver(pod, FEATURES, data, id=f"{series}-{seq}")
        assert answer.status_code == 200, answer.text
        predictions.append(answer.json()["prediction"])
    return predictions


def reads(redis_server: RedisServer) -> int:
    """Return how many values were read so far, of which snapshots are some."""
    with redis_server.client() as client:
        return int(client.info("commandstats")["cmdstat_get"]["calls"])


def test_the_snapshot_is_there_before_the_first_request(pods: list[FunctionProcess], redis_server: RedisServer) -> None:
    pod, series = pods[0], new_series("early")
    pod.start()
    predictions = learn(pod, series, 1, 40)
    pod.stop()
    before = reads(redis_server)
    pod.start()
    eventually(lambda: reads(redis_server) == before + 2)  # which series was the last one, and its snapshot
    predictions += learn(pod, series, 41, 60)
    assert reads(redis_server) == before + 2
    assert predictions == plain_loop(MODEL, VALUES[:60], LAGS).predictions


def test_what_was_read_too_early_is_not_used(pods: list[FunctionProcess], redis_server: RedisServer) -> None:
    """Meanwhile the other process learns, and trims away what an older snapshot would have to go on with."""
    (one, two), series = pods, new_series("stale")
    one.start()
    predictions = learn(one, series, 1, 20)
    one.stop()
    before = reads(redis_server)
    two.start()
    eventually(lambda: reads(redis_server) == before + 2)
    for last in (40, 60, 80):
        one.start()
        predictions += learn(one, series, last - 19, last)
        one.stop()
    with redis_server.client() as client:
        assert client.xlen(f"model:{MODEL}:{{{series}}}:journal") < 60
    predictions += learn(two, series, 81, 100)
    assert predictions == plain_loop(MODEL, VALUES[:100], LAGS).predictions
    assert two.get("/model_metrics").json()[series]["count"] == 100
