"""The image: what it carries, and that it serves from there, read-only, without capabilities, and stops when told to.

Where an engine is running, it builds and runs the image itself.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import requests
import yaml

from tests.function_processes import RedisServer, free_port
from tests.platform.image import FUNCTIONS, command, lay_out


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
        assert answer.status_code == 200, answer.text
        process.send_signal(signal.SIGTERM)
        # Its own grace is 25 s: what ends well before that ends because it was told to.
        assert process.wait(10) == 0
    finally:
        process.kill()
        redis.stop()
    assert process.stderr
    assert "Traceback" not in process.stderr.read()


def _without_capabilities() -> list[str]:
    """Return what takes root's right to write to what is read-only, and every other; another user has none."""
    if os.geteuid() != 0:
        return []
    return ["setpriv", "--bounding-set=-all", "--inh-caps=-all", "--no-new-privs", "--"]


def _health(port: int, process: subprocess.Popen[str]) -> requests.Response:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        try:
            return requests.get(f"http://127.0.0.1:{port}/health", timeout=10)
        except requests.ConnectionError:
            time.sleep(0.05)
    process.kill()
    assert process.stderr
    raise AssertionError(f"it does not serve: {process.stderr.read()[-3000:]}")


def test_an_engine_builds_it_and_runs_it_as_knative_would() -> None:
    """Build on the base that RIVULET_TEST_BASE names, else on the Dockerfile's own, where an engine is running."""
    engine = next((name for name in ("docker", "podman") if _runs(name)), None)
    if engine is None:
        pytest.skip("no container engine is running here; the tests above check what can be checked without one")
    base = os.environ.get("RIVULET_TEST_BASE")
    chosen = ["--build-arg", f"BASE={base}"] if base else []
    subprocess.run([engine, "build", "--quiet", *chosen, "--tag", "dev.local/rivulet:test", str(FUNCTIONS)], check=True)
    port = free_port()
    restricted = ["--read-only", "--tmpfs", "/tmp", "--cap-drop", "ALL", "--security-opt", "no-new-privileges"]
    chosen = ["--env", "FUNCTION_SOURCE=ledger/main.py", "--env", "PORT=8888", "--publish", f"127.0.0.1:{port}:8888"]
    run = [engine, "run", "--rm", *restricted, *chosen, "dev.local/rivulet:test"]
    process = subprocess.Popen(run, stderr=subprocess.PIPE, text=True)
    try:
        assert _health(port, process).status_code == 200
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
    finally:
        process.kill()


def _runs(engine: str) -> bool:
    if shutil.which(engine) is None:
        return False
    return subprocess.run([engine, "info"], capture_output=True, check=False, timeout=60).returncode == 0
