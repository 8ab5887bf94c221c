"""The image: what it carries, and that it serves from there, read-only, without capabilities, and stops when told to.

Where an engine can be had, it builds and runs the image itself.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
import yaml

from tests.function_processes import RedisServer, free_port
from tests.platform.engine import Engine, find
from tests.platform.image import DOCKERFILE, FUNCTIONS, command, lay_out

# What a start imports that has no bytecode in the image, so that each start would compile it.
_PRINT_WHAT_IS_NOT_COMPILED = """
import os, sys
import functions_framework, gunicorn.app.wsgiapp, rivulet.application, rivulet.handlers.ledger, rivulet.handlers.model
import rivulet.serving.worker, rivulet.web
files = {getattr(module, "__cached__", None) for module in list(sys.modules.values())} - {None}
assert len(files) > 200
print(*sorted(file for file in files if not os.path.exists(file)))
"""


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder like the image: /app, and /venv with nothing but functions/requirements.txt; both read-only."""
    root = tmp_path_factory.mktemp("image")
    lay_out(root / "app")
    (root / "app" / "requirements.txt").rename(root / "requirements.txt")
    python = str(root / "venv" / "bin" / "python")
    uv = [sys.executable, "-m", "uv", "--quiet", "--system-certs"]  # as pip does
    subprocess.run([*uv, "venv", "--python", sys.executable, str(root / "venv")], check=True)
    wheels = ["--require-hashes", "--only-binary", ":all:", "--requirement", str(root / "requirements.txt")]
    subprocess.run([*uv, "pip", "install", "--python", python, *wheels], check=True)
    subprocess.run(
        [python, "-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash", str(root / "app")], check=True
    )
    subprocess.run(["chmod", "-R", "a-w", str(root / "app"), str(root / "venv")], check=True)
    return root


def test_it_carries_the_functions_and_nothing_else(tmp_path: Path) -> None:
    lay_out(tmp_path)
    files = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()}
    mains = {f"{name}/main.py" for name in ("ingest", "features", "model", "ledger", "exporter")}
    assert mains | {"gunicorn.conf.py", "requirements.txt", "ingest/data/airline.csv"} < files
    assert "rivulet/store/append_observation.lua" in files
    assert {file.partition("/")[0] for file in files} == {
        *("ingest", "features", "model", "ledger", "exporter", "rivulet", "gunicorn.conf.py", "requirements.txt")
    }
    assert not [file for file in files if file.endswith((".pyc", ".md", "generate.py"))]


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_what_it_installs_is_there_for_both_machines(tmp_path: Path, machine: str) -> None:
    """For the Python of its base, as wheels whose hashes the lock has."""
    python = re.search(r"^ARG BASE=python:([0-9.]+)-", DOCKERFILE, re.MULTILINE)
    assert python
    wheels = ["--require-hashes", "--only-binary", ":all:", "--requirement", str(FUNCTIONS / "requirements.txt")]
    there = [
        "--target",
        str(tmp_path),
        "--python-version",
        python[1],
        "--python-platform",
        f"{machine}-unknown-linux-gnu",
    ]
    uv = [sys.executable, "-m", "uv", "--quiet", "--system-certs"]
    subprocess.run([*uv, "pip", "install", *there, *wheels], check=True)
    compiled = [path.name for path in tmp_path.rglob("*.so") if path.name.endswith("-linux-gnu.so")]
    assert len(compiled) > 50
    assert {name.split("-")[-3] for name in compiled} == {machine}


def test_the_manifests_run_its_command() -> None:
    for file in ("base/ingest", "base/features", "base/ledger", "model/service"):
        service = yaml.safe_load((FUNCTIONS.parent / "knative" / f"{file}.yaml").read_text("utf-8"))
        assert service["spec"]["template"]["spec"]["containers"][0]["command"] == command()


@pytest.mark.parametrize("source", ["ingest", "features", "model", "ledger"])
def test_it_serves_read_only_and_stops_when_told_to(image: Path, tmp_path: Path, source: str) -> None:
    redis = RedisServer(tmp_path / "redis").start()
    port, scratch = free_port(), tmp_path / "scratch"
    scratch.mkdir()
    environment = {
        "PATH": f"{image}/venv/bin:/usr/bin:/bin",
        "PYTHONDONTWRITEBYTECODE": "1",
        "TMPDIR": str(scratch),
        "HOME": str(scratch),
        "PORT": str(port),
        "FUNCTION_SOURCE": f"{source}/main.py",
        "FUNCTION_TARGET": "handle",
        "FUNCTION_SIGNATURE_TYPE": "http",
        "MODEL_NAME": "amf_regressor",
        "REDIS_URL": redis.url,
        "K_SERVICE": source,
    }
    start = [*_without_capabilities(), *command()]
    process = subprocess.Popen(start, cwd=image / "app", env=environment, stderr=subprocess.PIPE, text=True)
    try:
        answer = _health(port, process)
        assert answer is not None, _last_words(process)
        assert answer.status_code == 200, answer.text
        process.send_signal(signal.SIGTERM)
        # Its own grace is 25 s: what ends well before that ends because it was told to.
        assert process.wait(10) == 0
    finally:
        process.kill()
        redis.stop()
    assert process.stderr
    assert "Traceback" not in process.stderr.read()


def _last_words(process: subprocess.Popen[str]) -> str:
    process.kill()
    assert process.stderr
    return process.stderr.read()[-3000:]


def _without_capabilities() -> list[str]:
    """Return what takes root's right to write to what is read-only, and every other; another user has none."""
    if os.geteuid() != 0:
        return []
    return ["setpriv", "--bounding-set=-all", "--inh-caps=-all", "--no-new-privs", "--"]


def _health(port: int, process: subprocess.Popen[str]) -> requests.Response | None:
    """Return its answer; none if the process ends instead."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        try:
            return requests.get(f"http://127.0.0.1:{port}/health", timeout=10)
        except requests.ConnectionError:
            time.sleep(0.05)
    return None


@pytest.fixture(scope="module")
def engine() -> Engine:
    found = find()
    if found is None:
        pytest.skip("no container engine runs here; `task engine` has one for root on Debian, given namespaces")
    return found


@pytest.fixture(scope="module")
def built(engine: Engine) -> Iterator[str]:
    image = engine.build(FUNCTIONS)
    yield image
    engine("rmi", "--force", image)


@pytest.mark.timeout(900)  # the packages have to come first
@pytest.mark.parametrize("source", ["ledger", "model"])
def test_an_engine_builds_it_and_runs_it_as_knative_would(engine: Engine, built: str, source: str) -> None:
    """Read-only but for /tmp, without capabilities, as a user who has a number only, on the port that it is told."""
    assert re.fullmatch(r"[1-9]\d*(:[1-9]\d*)?", engine("inspect", "--format", "{{.Config.User}}", built))
    port = free_port()
    restricted = ["--read-only", "--tmpfs=/tmp", "--cap-drop=ALL", "--security-opt=no-new-privileges"]
    told = [f"--env=PORT={port}", f"--env=FUNCTION_SOURCE={source}/main.py", "--env=MODEL_NAME=amf_regressor"]
    container = engine.run(built, port, *restricted, *told)
    ends = subprocess.Popen([*engine.command, "wait", container], stdout=subprocess.PIPE, text=True)
    try:
        answer = _health(port, ends)
        assert answer is not None, engine.logs(container)
        assert answer.status_code == 200, answer.text
        status = engine("exec", container, "cat", "/proc/1/status")
        assert {"NoNewPrivs:\t1", f"CapBnd:\t{0:016x}", f"CapEff:\t{0:016x}"} < set(status.splitlines())
        assert re.search(r"^Uid:\t[1-9]", status, re.MULTILINE)
        assert engine("exec", container, "python", "-c", _PRINT_WHAT_IS_NOT_COMPILED) == ""
        # A second is what it may need, and one more what a busy machine may; what has not ended then is killed: 137.
        engine("stop", "--time=2", container)
        assert ends.communicate(timeout=60)[0] == "0\n"
        assert "Traceback" not in engine.logs(container)
    finally:
        engine("rm", "--force", container)
        ends.kill()
