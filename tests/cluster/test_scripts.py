"""What the tasks of the cluster stand on: what is missing is named before anything is done, and no file is unknown."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

CLUSTER = Path(__file__).parents[2] / "knative" / "cluster"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Return a folder with a copy of the scripts, and a file to fetch."""
    shutil.copytree(CLUSTER, tmp_path / "knative" / "cluster")
    (tmp_path / "release.yaml").write_text("kind: List\n")
    return tmp_path


def run(checkout: Path, script: str, *words: str, path: str | None = None) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "KUBECONFIG": str(checkout / "none"), **({"PATH": path} if path else {})}
    command = ["/bin/bash", str(checkout / "knative" / "cluster" / script), *words]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=checkout, env=environment)


def fetch(checkout: Path) -> subprocess.CompletedProcess[str]:
    return run(checkout, "fetch.sh", "release-v1.yaml", f"file://{checkout}/release.yaml")


def test_everything_that_is_missing_is_named_at_once(checkout: Path) -> None:
    done = run(checkout, "needs.sh", "docker", "k3d", "kubectl", "knative", path="/nowhere")
    assert done.returncode == 1
    assert [line.split(":")[0] for line in done.stderr.splitlines()] == ["missing"] * 4
    assert "https://k3d.io/#installation" in done.stderr
    assert "task cluster:install" in done.stderr


def test_a_file_is_held_to_the_checksum_of_its_first_time(checkout: Path) -> None:
    first = fetch(checkout)
    digest = hashlib.sha256(b"kind: List\n").hexdigest()
    assert (first.returncode, "commit it" in first.stderr) == (0, True)
    assert f"{digest}  release-v1.yaml\n" in (checkout / "knative" / "cluster" / "checksums.txt").read_text()
    again = fetch(checkout)
    assert (again.returncode, again.stderr) == (0, "")
    shutil.rmtree(checkout / ".tools")
    (checkout / "release.yaml").write_text("kind: Changed\n")
    changed = fetch(checkout)
    assert (changed.returncode, "is not the file that was there" in changed.stderr) == (1, True)
    assert not list((checkout / ".tools").rglob("release*"))


def test_the_secret_is_new_each_time_and_has_what_the_functions_ask_for() -> None:
    made = [subprocess.check_output([sys.executable, CLUSTER / "secret.py"], text=True) for _ in range(2)]
    first, second = (json.loads(each)["stringData"] for each in made)
    assert set(first) == {"snapshot-key", "redis-password"}
    assert all(first[key] != second[key] and len(base64.b16decode(first[key].upper())) == 32 for key in first)
