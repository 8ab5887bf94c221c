"""What is counted comes to Redis once, whole, and later if Redis is away; and a dead process does not seem to live."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from rivulet import birth, latency, tally
from rivulet.store import Store, telemetry
from rivulet.store.notes import Arrival
from rivulet.store.telemetry import GONE_AFTER, Telemetry
from tests.function_processes import RedisServer, free_port


@pytest.fixture(autouse=True)
def empty() -> Iterator[None]:
    """Begin and end with nothing counted: there is one tally for the whole process."""
    tally.take()
    yield
    tally.take()


def test_a_duration_is_in_the_bucket_that_ends_with_it() -> None:
    for seconds in (0.0, 0.001, 0.0011, 5.0, 6.0):
        tally.observe("event", "tick", seconds=seconds)
    counts, sums = tally.take()
    assert counts == {
        ("event", "tick", "0.001"): 2,
        ("event", "tick", "0.0025"): 1,
        ("event", "tick", "5.0"): 1,
        ("event", "tick", tally.TOP): 1,
    }
    assert sums == {("event", "tick", tally.SUM): pytest.approx(11.0021)}
    assert tally.take() == ({}, {})


def test_counts_wait_for_redis_and_are_written_once(redis_server: RedisServer) -> None:
    tally.count("duplicates")
    tally.observe("cold", "import", seconds=0.3)
    Telemetry(Store(f"redis://127.0.0.1:{free_port()}"), "s").flush()
    tally.count("duplicates", by=2)
    store = Store(redis_server.url)
    here = Telemetry(store, "s")
    here.flush()
    here.flush()
    report = telemetry.read(store)["s"]
    assert report.counts["duplicates",] == 3
    assert report.counts["cold", "import", "0.5"] == 1
    assert report.counts["cold", "import", tally.SUM] == pytest.approx(0.3)
    assert report.counts["process_seconds",] == pytest.approx(birth.age(), abs=2)
    assert report.since == pytest.approx(time.time() - birth.age(), abs=2)
    assert report.pods == 1
    assert report.memory[0] > 10_000_000


def test_a_process_that_was_killed_is_struck_off(redis_server: RedisServer) -> None:
    store = Store(redis_server.url)
    Telemetry(store, "s").flush()
    long_ago = time.time() - GONE_AFTER - 1
    with redis_server.client() as client:
        client.zadd("telemetry:{s}:pods", {"killed": long_ago})
        client.hset("telemetry:{s}:memory", "killed", 1)
        assert telemetry.read(store)["s"].pods == 1
        Telemetry(store, "s").flush()
        assert client.zscore("telemetry:{s}:pods", "killed") is None
        assert not client.hexists("telemetry:{s}:memory", "killed")


@pytest.mark.parametrize(
    ("tick", "stages"),
    [
        ("1970-01-01T00:00:01Z", {"observe": 1.0, "learn": 0.5, "record": 0.25, "total": 1.75}),
        (None, {"learn": 0.5, "record": 0.25, "total": 0.75}),
        ("yesterday", {"learn": 0.5, "record": 0.25, "total": 0.75}),
        (
            "1969-12-30T00:00:00Z",
            {"learn": 0.5, "record": 0.25},
        ),  # an event that was replayed says nothing of the chain
    ],
)
def test_the_way_is_measured_by_stages(tick: str | None, stages: dict[str, float]) -> None:
    latency.measure(Arrival(new=True, count=1, at_ms=2750, observed_ms=2000, learned_ms=2500), tick)
    _, sums = tally.take()
    assert {key[1]: seconds for key, seconds in sums.items()} == stages
