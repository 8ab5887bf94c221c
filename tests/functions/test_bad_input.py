"""Whatever a client sends wrongly: a 4xx, a sentence that names what is wrong, and no state changed."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator

import pytest
import redis

from tests.function_processes import FunctionProcess, RedisServer
from tests.functions.bad_events import event_cases
from tests.functions.bad_requests import LEARN, Bad, address_cases, call_cases, query_cases
from tests.patience import eventually

CASES = [*call_cases(), *query_cases(), *address_cases(), *event_cases()]


def digest(client: redis.Redis) -> str:
    """Return a digest over every key and value, but for what functions count."""
    found = hashlib.sha256()
    keys = sorted(key for key in client.scan_iter(count=10_000) if not key.startswith(b"telemetry:"))
    with client.pipeline() as pipeline:
        for key in keys:
            pipeline.type(key)
        kinds = pipeline.execute()
        for key, kind in zip(keys, kinds, strict=True):
            # A dump has the members of a set in any order: looking at one may be enough to change it.
            pipeline.smembers(key) if kind == b"set" else pipeline.dump(key)
        for key, value in zip(keys, pipeline.execute(), strict=True):
            found.update(repr((key, sorted(value) if isinstance(value, set) else value)).encode())
    return found.hexdigest()


def rests(client: redis.Redis) -> bool:
    """Return whether nothing is written for a second: metrics follow a lesson by themselves."""
    before = digest(client)
    time.sleep(1)
    return digest(client) == before


@pytest.fixture(scope="session")
def functions(
    ingest: FunctionProcess,
    features: FunctionProcess,
    model: FunctionProcess,
    ledger: FunctionProcess,
    redis_server: RedisServer,
) -> dict[str, FunctionProcess]:
    """Return the functions by name, each with some state."""
    features.post("/add", {"series_id": "good", "value": 1})
    model.post("/predict_learn", {**LEARN, "series_id": "good"})
    with redis_server.client() as client:
        eventually(lambda: rests(client))
    return {"ingest": ingest, "features": features, "model": model, "ledger": ledger}


@pytest.fixture
def fingerprint(redis_server: RedisServer) -> Iterator[Callable[[], str]]:
    """Return what computes the digest."""
    with redis_server.client() as client:
        yield lambda: digest(client)


@pytest.mark.parametrize("bad", CASES, ids=lambda bad: bad.what)
def test_refused(functions: dict[str, FunctionProcess], fingerprint: Callable[[], str], bad: Bad) -> None:
    before = fingerprint()
    content = iter([bad.body[:1000], bad.body[1000:]]) if bad.chunked and bad.body else bad.body
    answer = functions[bad.to].call(bad.method, bad.path, data=content, headers=bad.headers)
    assert answer.status_code == bad.status, answer.text
    assert answer.headers["Content-Type"] == "application/json"
    sentence = answer.json()["error"]
    assert bad.names in sentence
    assert " " in sentence
    assert fingerprint() == before
