"""The main job, as a person starts it: the whole platform, with a small file of one's own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path

import psutil
import pytest

FUNCTIONS = Path(__file__).parents[2] / "functions"
MODELS = {"linear_regression", "bagging_regressor", "knn_regressor", "amf_regressor"}
VALUES = [100 + 7 * (n % 4) + n for n in range(30)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A working folder; the platform's data stay in it from one test to the next."""
    folder = tmp_path_factory.mktemp("run")
    rows = "".join(f"2020-{n:02},{value}\r\n" for n, value in enumerate(VALUES))
    (folder / "my.csv").write_bytes(b"\xef\xbb\xbfinput,value\r\n" + rows.encode())
    return folder


def start(folder: Path, **variables: str) -> subprocess.Popen[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("RIVULET_")}
    environment["RIVULET_EXPORTER_PORT"] = "0"
    environment |= {"PYTHONPATH": str(FUNCTIONS), "RIVULET_PORT": "0", "RIVULET_BROKER_PORT": "0", "SERIES": "mine"}
    return subprocess.Popen(
        [sys.executable, "-m", "rivulet_local", "run"],
        cwd=folder,
        env=environment | variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run(folder: Path, **variables: str) -> tuple[int, str, str]:
    process = start(folder, **variables)
    try:
        out, err = process.communicate(timeout=120)
    finally:
        process.kill()
    return process.returncode, out, err


def left_running(folder: Path) -> list[psutil.Process]:
    """Processes that were started from, or for, this folder."""
    mark = str(folder)
    return [
        process
        for process in psutil.process_iter(["cmdline", "cwd"])
        if mark in " ".join(process.info["cmdline"] or []) or mark in (process.info["cwd"] or "")
    ]


def test_all_models_run_where_that_is_asked_for(folder: Path) -> None:
    status, _, err = run(folder, CSV="my.csv", SERIES="everyone", MODELS="all")
    assert status == 0, err
    found = json.loads((folder / "out" / "leaderboard.json").read_text())
    counts = {row["model"]: row["count"] for row in found["rows"]}
    everyone = {*MODELS, "holt_winters", "snarimax", "sgd_regressor", "champion"}
    assert {model: counts[model] for model in everyone} == dict.fromkeys(everyone, 30)


def test_a_file_of_ones_own_becomes_a_leaderboard_and_a_picture(folder: Path) -> None:
    status, out, err = run(folder, CSV="my.csv")
    assert (status, "Traceback" in err) == (0, False), err
    for model in MODELS:
        assert model in out
    assert "mine: 30 of 30 observations" in err
    found = json.loads((folder / "out" / "leaderboard.json").read_text())
    assert (found["series"], found["observations"], found["dead_letters"]) == ("mine", 30, 0)
    counts = {row["model"]: row["count"] for row in found["rows"]}
    assert {model: counts[model] for model in MODELS} == dict.fromkeys(MODELS, 30)
    naive = next(row for row in found["rows"] if row["model"] == "naive")
    errors = [abs(new - old) for old, new in pairwise(VALUES)]
    assert naive["mae"] == pytest.approx(sum(errors) / len(errors))
    assert (folder / "out" / "forecast.png").read_bytes().startswith(b"\x89PNG")
    assert left_running(folder) == []


def test_a_series_that_exists_is_not_continued(folder: Path) -> None:
    (folder / "out" / "leaderboard.json").unlink()
    status, out, err = run(folder, CSV="my.csv")
    assert (status, out) == (1, "")
    assert err.startswith("SERIES: the series mine exists already: set FRESH=1")
    assert not (folder / "out" / "leaderboard.json").exists()


def test_fresh_replaces_it(folder: Path) -> None:
    status, _, err = run(folder, CSV="my.csv", FRESH="1", ROWS="12")
    assert status == 0, err
    found = json.loads((folder / "out" / "leaderboard.json").read_text())
    assert {row["count"] for row in found["rows"] if row["model"] in MODELS} == {12}


def test_a_wrong_setting_ends_before_anything_starts(folder: Path) -> None:
    assert run(folder, ROWS="none")[0] == 2
    assert run(folder, ROWS="31", CSV="my.csv")[::2] == (2, "ROWS is 31, but the data set has 30 rows.\n")


def test_an_interrupted_run_stops_what_it_has_started(folder: Path) -> None:
    process = start(folder, SERIES="cut")
    try:
        assert process.stderr is not None
        assert "of 744 observations" in process.stderr.readline()
        process.send_signal(signal.SIGINT)
        time.sleep(0.2)
        process.send_signal(signal.SIGINT)  # impatience does not leave anything behind
        assert process.wait(60) == 130
    finally:
        process.kill()
        process.communicate()
    assert left_running(folder) == []
