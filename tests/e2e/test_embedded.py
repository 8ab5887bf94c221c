"""The end-to-end scenario on an embedded platform; `task e2e` runs the same on a cluster."""

import os
import subprocess
import sys
from pathlib import Path

from tests.e2e.scenario import Scenario
from tests.e2e.target import Target

REPOSITORY = Path(__file__).parents[2]


def run(*options: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY / "functions")}
    command = [sys.executable, "-m", "tests.e2e", *options]
    return subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=REPOSITORY, env=environment, timeout=280
    )


def test_the_scenario_passes_on_the_embedded_platform() -> None:
    done = run("--target", "embedded")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("ok    ") == len(Scenario(Target("", "")).steps())


def test_without_an_installation_it_says_so_and_fails() -> None:
    done = run("--target", "cluster", "--gateway", "http://127.0.0.1:1", "--broker", "http://127.0.0.1:1")
    assert done.returncode != 0
    assert "127.0.0.1" in done.stderr
