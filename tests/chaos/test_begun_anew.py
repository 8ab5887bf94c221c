"""A series that is removed, or lost with its Redis, begins anew: no warm process goes on from what it remembers."""

from __future__ import annotations

import redis

from tests.chaos.stream import PlatformProcess, observation
from tests.plain_loop import MODELS, plain_loop

FIRST = [float(k * 7 % 13 + k) for k in range(1, 31)]
SECOND = [float(k * 5 % 11 + 2 * k) for k in range(1, 41)]


def stream_and_compare(platform: PlatformProcess, values: list[float]) -> None:
    for sequence, value in enumerate(values, 1):
        platform.send(observation("anew", sequence, value))
    platform.wait_for("anew", MODELS, len(values), patience=60)
    for model in MODELS:
        rows = platform.recorded("anew", model)
        assert [row["target"] for row in rows] == values, model
        assert [row["prediction"] for row in rows] == plain_loop(model, values).predictions, model


def test_a_series_begins_anew_while_the_models_are_warm(platform: PlatformProcess) -> None:
    """The same events, with the same ids and numbers, are a new series after a removal."""
    platform.settings = {"LOST_SHARE": "0"}
    platform.start()
    stream_and_compare(platform, FIRST)
    assert platform.call("ledger", "DELETE", "/series/anew").status_code == 204
    stream_and_compare(platform, SECOND)
    redis.Redis.from_url(platform.report()["redis_url"]).flushall()
    stream_and_compare(platform, FIRST)
