"""What is kept has a bound: journals behind a snapshot, the record of a series; what is known of both stays right."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis

from rivulet.lags import lag_vector, named
from rivulet.store import Store
from rivulet.store.journal import Journal
from tests.function_processes import FunctionProcess, RedisServer
from tests.functions.conftest import Start
from tests.functions.sending import FEATURES, OBSERVATION, deliver, new_series
from tests.patience import eventually
from tests.plain_loop import plain_loop

MODEL = "linear_regression"
KEEP = 50
VALUES = [100.0 + 7 * (k % 12) + (k * 37) % 11 for k in range(300)]
LAGS = 15


@pytest.fixture(scope="module")
def pod(tmp_path_factory: pytest.TempPathFactory, redis_server: RedisServer) -> Iterator[FunctionProcess]:
    """Return a process of the model, not started, which keeps few lessons."""
    settings = {"REDIS_URL": redis_server.url, "SNAPSHOT_KEY": "bounds", "MODEL_NAME": MODEL, "JOURNAL_KEEP": str(KEEP)}
    process = FunctionProcess(tmp_path_factory.mktemp("pod"), source="model", settings=settings)
    yield process
    process.stop()


def announce(pod: FunctionProcess, series: str, seq: int) -> Any:
    """Deliver the features of one observation."""
    features = named(lag_vector(VALUES[max(0, seq - 1 - LAGS) : seq - 1][::-1], LAGS))
    data = {"series_id": series, "seq": seq, "features": features, "target": VALUES[seq - 1]}
    return deliver(pod, FEATURES, data, id=f"{series}-{seq}")


def trimmed(pod: FunctionProcess, client: redis.Redis, series: str) -> list[float]:
    """Have the values learned by processes that are stopped now and then, so that there are snapshots."""
    predictions = []
    for seq in range(1, len(VALUES) + 1):
        if seq % KEEP == 1:
            pod.stop()
            pod.start()
        answer = announce(pod, series, seq)
        assert answer.status_code == 200, answer.text
        predictions.append(answer.json()["prediction"])
        if seq % 3 == 0:
            assert announce(pod, series, seq).json() == answer.json()
        assert client.xlen(f"model:{MODEL}:{{{series}}}:journal") <= 3 * KEEP + 1
    return predictions


@pytest.fixture(scope="module")
def learned(pod: FunctionProcess, redis_server: RedisServer) -> tuple[str, list[float]]:
    """Return a series with a trimmed journal, and what was predicted of it."""
    series = new_series("trimmed")
    with redis_server.client() as client:
        predictions = trimmed(pod, client, series)
    return series, predictions


def test_a_trimmed_journal_changes_no_prediction(
    pod: FunctionProcess, learned: tuple[str, list[float]], redis_server: RedisServer
) -> None:
    series, predictions = learned
    assert predictions == plain_loop(MODEL, VALUES, LAGS).predictions
    journal = Journal(Store(redis_server.url), MODEL)
    assert journal.read(series, 1, count=1)[0].n > len(VALUES) - 3 * KEEP
    assert journal.find(series, 5) is not None  # the oldest that there is; it is not that observation's
    assert journal.begins_after(series, 5)
    assert announce(pod, series, 5).status_code == 204  # a repetition of what is forgotten
    assert pod.get("/model_metrics").json()[series]["count"] == len(VALUES)


@pytest.mark.parametrize("cause", ["signature", "python", "river", "revision", "no snapshot"])
def test_a_rebuild_begins_where_the_journal_does(
    pod: FunctionProcess, learned: tuple[str, list[float]], redis_server: RedisServer, cause: str
) -> None:
    """The totals are those of all lessons; nothing is unpickled that is not surely ours."""
    series, _ = learned
    pod.stop()
    key = f"model:{MODEL}:{{{series}}}:"
    with redis_server.client() as client:
        before = client.hgetall(f"{key}metrics")
        envelope = spoiled(client.get(f"{key}snapshot") or b"", cause)
        client.set(f"{key}snapshot", envelope) if envelope else client.delete(f"{key}snapshot")
        client.delete(f"{key}metrics")
        pod.start()
        assert announce(pod, series, len(VALUES)).status_code == 200  # a repetition: restores, and learns nothing
        pod.get("/model_metrics")
        after = client.hgetall(f"{key}metrics")
    assert "restored" in pod.log().rpartition("lessons replayed")[0]
    assert not Path("/tmp/rivulet-was-unpickled").exists()
    for name in set(before) - {b"forecast", b"updated_ms"}:
        assert after[name] == before[name], name


def spoiled(envelope: bytes, cause: str) -> bytes:
    """Return the snapshot as another one would have made it, with a state that leaves a trace if it is unpickled."""
    import hmac
    import json

    line, _, _ = envelope[32:].partition(b"\n")
    trap = b"cos\nsystem\n(S'touch /tmp/rivulet-was-unpickled'\ntR."
    header = json.loads(line)
    if cause == "no snapshot":
        return b""
    if cause in header:
        header[cause] = 999 if cause == "revision" else "0.0.1"
    body = json.dumps(header).encode() + b"\n" + trap
    seal = b"x" * 32 if cause == "signature" else hmac.digest(b"bounds", body, "sha256")
    return seal + body


def test_the_record_keeps_so_many_observations(start: Start, redis_server: RedisServer, model: FunctionProcess) -> None:
    features, series = start("features", RECORD_KEEP="40"), new_series("kept")
    key = f"series:{{{series}}}:"
    with redis_server.client() as client:
        for k in range(1, 401):
            data = {"series_id": series, "value": float(k)}
            sequence = {"sequence": str(k)} if k <= 200 else {}
            assert deliver(features, OBSERVATION, data, id=f"{series}-{k}", **sequence).status_code == 200
            assert client.xlen(f"{key}log") <= 140
            assert client.hlen(f"{key}ids") <= 140
    first = {"series_id": series, "value": 1.0}
    assert deliver(features, OBSERVATION, first, id=f"{series}-1", sequence="1").status_code == 204
    newest = deliver(features, OBSERVATION, {"series_id": series, "value": 400.0}, id=f"{series}-400").json()
    assert newest["seq"] == 400
    assert deliver(model, FEATURES, newest, id="new-model").json()["n"] == client_count(redis_server, series)


def client_count(redis_server: RedisServer, series: str) -> int:
    """Return how many observations are left: a model that is new learns these."""
    with redis_server.client() as client:
        return int(client.xlen(f"series:{{{series}}}:log"))


def test_the_ledger_says_what_is_forgotten(ledger: FunctionProcess, redis_server: RedisServer) -> None:
    series = new_series("forgotten")
    with redis_server.client() as client:
        lesson = b'{"seq":9,"top":9,"lags":[1.0],"target":2.0,"prediction":1.0,"forecast":[],"duration_ms":1.0}'
        client.xadd(f"model:{MODEL}:{{{series}}}:journal", {"token": "t", "lesson": lesson, "at": 1}, id="9-0")
        client.xadd(f"series:{{{series}}}:log", {"value": "1.0", "meta": "{}", "at": 1}, id="5-0")
    eventually(lambda: ledger.get(f"/runs/{series}/5").status_code == 200)
    run = ledger.get(f"/runs/{series}/5").json()
    assert (run["forgotten_by"], run["waiting_for"]) == ([MODEL], ["knn_regressor"])
