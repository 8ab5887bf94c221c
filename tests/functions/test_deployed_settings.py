"""Settings that only a cluster's manifests make use of."""

from __future__ import annotations

from pathlib import Path

from tests.function_processes import FunctionProcess, RedisServer
from tests.functions.conftest import Start
from tests.functions.sending import new_series


def test_the_password_of_redis_comes_apart_from_its_address(tmp_path: Path, start: Start) -> None:
    redis = RedisServer(tmp_path).start()
    with redis.client() as client:
        client.config_set("requirepass", "p@ss/w:rd")
        added = {"series_id": "s", "value": 1}
        knows = start("features", REDIS_URL=redis.url, REDIS_PASSWORD="p@ss/w:rd")
        assert knows.post("/add", added).status_code == 200
        assert client.llen("series:{s}:values") == 1
        stranger: FunctionProcess = start("model", REDIS_URL=redis.url, MODEL_NAME="linear_regression")
        assert stranger.get("/forecast", series_id="s").status_code >= 500
    redis.stop()


def test_a_wait_is_cut_to_what_the_platform_lets_a_request_take(
    start: Start, features: FunctionProcess, ledger: FunctionProcess
) -> None:
    series = new_series("cut")
    features.post("/add", {"series_id": series, "value": 1})
    hasty = start("ledger", LONGEST_WAIT="200ms")
    run = hasty.call("GET", f"/runs/{series}/1", params={"wait": 30}, timeout=20)
    assert (run.status_code, run.json()["complete"]) == (200, False)
