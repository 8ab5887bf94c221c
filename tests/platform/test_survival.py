"""What survives when the platform or its Redis is killed, and who may run beside whom."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
import requests
from redis import Redis
from redis.exceptions import RedisError

from rivulet_local.platform import LEGACY_PORTS
from rivulet_local.ports import free_port
from tests.patience import eventually
from tests.platform.running import HERE, Site, ended


def redis_of(site: Site) -> tuple[Redis, psutil.Process]:
    client = Redis.from_url(site.report()["redis_url"])
    return client, psutil.Process(client.info("server")["process_id"])


def test_the_queue_survives_the_platform(own_site: Site) -> None:
    ready = own_site.send()
    eventually(lambda: own_site.calls("alpha", ready))
    events = [own_site.send("t.patient", {"answers": [503] * 3 + [204]}, partitionkey="k") for _ in range(20)]
    left = psutil.Process(own_site.process.pid).children(recursive=True)
    assert own_site.stop(signal.SIGKILL) == -signal.SIGKILL
    assert all(each.is_running() for each in left), "nobody was there to stop them"
    own_site.start()
    assert all(ended(each.pid) for each in left)
    eventually(lambda: all(len(own_site.calls("alpha", event)) >= 4 for event in events))
    client, _ = redis_of(own_site)
    eventually(lambda: client.hlen("broker:queue") == 0)


def test_redis_that_is_killed_comes_back_with_its_data(own_site: Site) -> None:
    client, process = redis_of(own_site)
    client.set("kept", "yes")
    url = own_site.report()["redis_url"]
    process.kill()
    process.wait(5)
    eventually(lambda: _answers(url))
    assert Redis.from_url(url).get("kept") == b"yes"
    event = own_site.send()
    assert eventually(lambda: own_site.calls("alpha", event))


def _answers(url: str) -> bool:
    try:
        return bool(Redis.from_url(url).ping())
    except RedisError:
        return False


def test_without_redis_events_are_refused_and_deliveries_wait(own_site: Site) -> None:
    ready = own_site.send()
    eventually(lambda: own_site.calls("alpha", ready))
    waiting = own_site.send("t.patient", {"answers": [503] * 4 + [204]})
    _, process = redis_of(own_site)
    process.suspend()
    try:
        eventually(lambda: "deliveries wait" in own_site.errors.read_text())
        headers = {"ce-id": "refused", "ce-source": "/t", "ce-type": "t.plain", "ce-specversion": "1.0"}
        began = time.monotonic()
        answer = requests.post(own_site.broker, headers=headers, timeout=10)
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
        assert time.monotonic() - began < 2
        before = len(own_site.calls("alpha", waiting))
        time.sleep(0.7)
        assert len(own_site.calls("alpha", waiting)) == before, "attempts are not burnt meanwhile"
    finally:
        process.resume()
    eventually(lambda: len(own_site.calls("alpha", waiting)) >= 5)
    assert not own_site.calls("alpha", "refused")


def test_the_earlier_platform_s_ports() -> None:
    assert LEGACY_PORTS == {
        "features": 8001,
        "ingest": 8002,
        "model-linear": 8010,
        "model-bagging": 8011,
        "model-knn": 8012,
        "model-amfr": 8013,
    }


def test_stopping_is_orderly(tmp_path: Path) -> None:
    port = free_port()
    site = Site(tmp_path, TICK="200ms", RIVULET_LEGACY_PORTS="on", ALPHA_PORT=str(port))
    assert requests.get(f"http://127.0.0.1:{port}/", timeout=10).json()["service"] == "alpha"
    assert eventually(lambda: site.calls("sink", path="/tick"))
    children = psutil.Process(site.process.pid).children(recursive=True)
    assert len(children) >= 3
    site.process.send_signal(signal.SIGINT)
    assert site.stop(signal.SIGINT) == 0
    assert all(ended(each.pid) for each in children)
    log = (tmp_path / "data" / "logs" / "redis.log").read_text()
    assert "ready to exit" in log


def start(tmp_path: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(HERE / "launch.py")],
        env={**os.environ, "PYTHONPATH": str(HERE.parents[1] / "functions"), "RECORDS": str(tmp_path)}
        | {"RIVULET_PORT": "0", "RIVULET_BROKER_PORT": "0", "RIVULET_DATA": str(tmp_path / "other")}
        | {"RIVULET_EXPORTER_PORT": "off"}
        | environment,
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )


@pytest.mark.parametrize(
    ("set_by", "variable"),
    [
        ("RIVULET_PORT", "RIVULET_PORT"),
        ("RIVULET_BROKER_PORT", "RIVULET_BROKER_PORT"),
        ("RIVULET_EXPORTER_PORT", "RIVULET_EXPORTER_PORT"),
        ("ALPHA_PORT", "RIVULET_LEGACY_PORTS=off"),
    ],
)
def test_a_port_in_use_is_named_before_anything_starts(tmp_path: Path, set_by: str, variable: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = start(tmp_path, **{set_by: port})
    assert done.returncode == 1
    assert f"Port {port} " in done.stderr
    assert variable in done.stderr
    assert not (tmp_path / "other" / "redis").exists()


def test_two_platforms_run_side_by_side_but_not_in_one_folder(site: Site, tmp_path: Path) -> None:
    other = Site(tmp_path)
    try:
        event = other.send()
        assert eventually(lambda: other.calls("alpha", event))
        assert other.report()["redis_url"] != site.report()["redis_url"]
        assert not site.calls("alpha", event)
        done = start(tmp_path, RIVULET_DATA=str(tmp_path / "data"))
        assert done.returncode == 1
        assert f"(pid {other.process.pid})" in done.stderr
    finally:
        assert other.stop() == 0


def test_the_command_line(site: Site, tmp_path: Path) -> None:
    def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "rivulet_local", *arguments],
            env={**site.environment, "COLUMNS": "120", **environment},
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
        )

    listed = run("ps", RIVULET_PORT=str(site.port))
    assert listed.returncode == 0, listed.stderr
    assert all(name in listed.stdout for name in ("alpha", "brief", "delivered", "replicas"))
    nobody = run("ps", RIVULET_PORT=str(free_port()))
    assert (nobody.returncode, nobody.stdout) == (1, "")
    assert "No platform runs" in nobody.stderr
    wrong = run("up", RIVULET_PORT="http")
    assert wrong.returncode == 2
    assert "RIVULET_PORT" in wrong.stderr
    assert "RIVULET_DATA" in run("--help").stdout
