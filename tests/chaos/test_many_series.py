"""Invariant 1 for a thousand series in functions that hold sixteen: states come and go, and no bit is lost."""

from __future__ import annotations

import json
import math
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from rivulet.lags import lag_vector, named
from rivulet.store import Store
from rivulet.store.connection import model_key
from rivulet.store.journal import Journal
from rivulet.store.record import SeriesRecord
from tests.bench.load import Connection, exchange, post
from tests.function_processes import FunctionProcess, RedisServer
from tests.plain_loop import MODELS, plain_loop

SERIES, OBSERVATIONS, LAGS = 1_000, 20, 15
HELD = 16
SAMPLE = range(0, SERIES, 50)


def values(number: int) -> list[float]:
    """Return a series' values: no two series have the same, so that a mix-up shows."""
    noise = random.Random(number)
    return [100 + number + 20 * math.sin(k / 2) + noise.gauss(0, 3) for k in range(OBSERVATIONS)]


def request(number: int, seq: int) -> bytes:
    known = values(number)
    features = named(lag_vector(known[: seq - 1][::-1], LAGS))
    body = {"series_id": f"s{number}", "features": features, "target": known[seq - 1], "seq": seq}
    return post("/predict_learn", json.dumps(body).encode())


def delivered(seq: int) -> list[int]:
    """Return the series of which observation `seq` arrives as an event.

    All of the sample's do. Of each other series one does, and the last; the models learn the rest from the record: an
    event for each would take minutes. A state is pushed out before its series' next turn comes, since each tick
    has more series than a function holds.
    """
    last = seq == OBSERVATIONS
    return [number for number in range(SERIES) if last or (seq + number) % OBSERVATIONS == 0 or number in SAMPLE]


@pytest.fixture
def redis_server(tmp_path: Path) -> Iterator[RedisServer]:
    """Return a Redis that writes to the disk each second, as the platform's does."""
    server = RedisServer(tmp_path / "redis").start()
    with server.client() as client:
        client.config_set("appendfsync", "everysec")
    yield server
    server.kill()


@pytest.fixture
def models(tmp_path: Path, redis_server: RedisServer) -> Iterator[dict[str, FunctionProcess]]:
    """Return the functions of the four models."""
    own = {"REDIS_URL": redis_server.url, "SNAPSHOT_KEY": "tests", "N_LAGS": str(LAGS), "CACHED_SERIES": str(HELD)}
    running: dict[str, FunctionProcess] = {}
    try:
        for name in MODELS:
            running[name] = FunctionProcess(tmp_path, source="model", settings={**own, "MODEL_NAME": name}).start()
        yield running
    finally:
        for process in running.values():
            process.stop()


def test_a_thousand_series(redis_server: RedisServer, models: dict[str, FunctionProcess]) -> None:
    store = Store(redis_server.url)
    record = SeriesRecord(store)
    connections = [Connection(process.port) for process in models.values()]
    for number in range(SERIES):
        for seq, value in enumerate(values(number), 1):
            record.append(f"s{number}", value, identity="", sequence=seq, meta={}, n_lags=LAGS, patience=0)
    for seq in range(1, OBSERVATIONS + 1):
        requests = [request(number, seq) for number in delivered(seq)]
        exchange({connection: iter(requests) for connection in connections})  # raises at an answer that is not 200
    for model, process in models.items():
        assert process.log().count('"restored s') > SERIES, "states were not pushed out"
        with redis_server.client() as client:
            keys = [model_key(model, f"s{number}", "journal") for number in range(SERIES)]
            assert {client.xlen(key) for key in keys} == {OBSERVATIONS}
        journal = Journal(store, model)
        for number in [*SAMPLE, *(each + 25 for each in SAMPLE)]:
            expected = plain_loop(model, values(number), n_lags=LAGS)
            lessons = journal.read(f"s{number}", 1)
            assert [lesson.prediction for lesson in lessons] == expected.predictions, (model, number)
            assert [lesson.forecast for lesson in lessons] == expected.forecasts, (model, number)
