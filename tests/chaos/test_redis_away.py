"""Invariant 5: Redis stops in the middle of a stream; nothing that was acknowledged is lost."""

from __future__ import annotations

import os
import signal
import threading
import time
from typing import Any

import psutil
import redis

from tests.chaos.stream import PlatformProcess, observation
from tests.plain_loop import MODELS, plain_loop

AWAY = 10.0


def test_redis_stopped_for_ten_seconds(platform: PlatformProcess) -> None:
    """Redis hangs for ten seconds: the stream arrives whole and in order, and POST /add keeps answering."""
    values = [float(100 + k * 37 % 61) for k in range(1, 121)]
    platform.settings = {"LOST_SHARE": "0"}
    platform.start()
    streamed = threading.Thread(target=_stream, args=(platform, values))
    streamed.start()
    for value in (1.0, 2.0, 3.0):
        assert _add(platform, value)["storage"] == "redis"
    redis_pid = _redis_pid(platform)
    os.kill(redis_pid, signal.SIGSTOP)
    stopped = time.monotonic()
    answers: list[dict[str, object]] = []
    try:
        while time.monotonic() < stopped + AWAY:
            answers.append(_add(platform, float(len(answers) + 4)))
            time.sleep(0.25)
    finally:
        os.kill(redis_pid, signal.SIGCONT)
    assert len(answers) >= 10
    assert {answer["storage"] for answer in answers} == {"memory"}
    assert [answer["seq"] for answer in answers] == list(range(4, 4 + len(answers)))
    streamed.join()
    platform.wait_for("away", MODELS, len(values), patience=90)
    for model in MODELS:
        rows = platform.recorded("away", model)
        assert [row["target"] for row in rows] == values
        assert [row["prediction"] for row in rows] == plain_loop(model, values).predictions, model
    assert _values_on_record(platform, 3 + len(answers)) == [float(k) for k in range(1, 4 + len(answers))]
    last = _add(platform, 0.0)
    assert (last["storage"], last["seq"]) == ("redis", len(answers) + 4)
    assert platform.call("ledger", "GET", "/deadletters").json()["dead_letters"] == []


def _stream(platform: PlatformProcess, values: list[float]) -> None:
    own = PlatformProcess(platform.data, port=platform.port, broker_port=platform.broker_port)
    for k, value in enumerate(values, 1):
        own.send(observation("away", k, value))
        time.sleep(0.02)


def _add(platform: PlatformProcess, value: float) -> dict[str, object]:
    response = platform.call("features", "POST", "/add", json={"series_id": "by-hand", "value": value})
    assert response.status_code == 200, response.text
    answer: dict[str, object] = response.json()
    return answer


def _redis_pid(platform: PlatformProcess) -> int:
    port = int(platform.report()["redis_url"].rpartition(":")[2].split("/")[0])
    assert platform.process is not None
    children = psutil.Process(platform.process.pid).children()
    return next(child.pid for child in children if any(c.laddr.port == port for c in child.net_connections()))


def _values_on_record(platform: PlatformProcess, count: int) -> list[float]:
    client = redis.Redis.from_url(platform.report()["redis_url"])
    deadline = time.monotonic() + 10
    while client.xlen("series:{by-hand}:log") < count and time.monotonic() < deadline:
        time.sleep(0.1)
    entries: Any = client.xrange("series:{by-hand}:log")
    return [float(fields[b"value"]) for _, fields in entries]
