"""The terminal view: what it shows comes from the exporter, fits 80 columns, and says what is wrong."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from rivulet.store import Store
from rivulet_local.watch_state import History, read
from rivulet_local.watch_view import sparkline, view
from tests.exporter.many_series import fill
from tests.exporter.running import Exporter
from tests.function_processes import FUNCTIONS, RedisServer, free_port

METRICS = """
rivulet_redis_up 1
rivulet_dead_letters 2
rivulet_function_pods{{service="ingest"}} 1
rivulet_function_pods{{service="ledger"}} 0
rivulet_observations_total{{series="kitchen"}} {number}
rivulet_last_observation_timestamp_seconds{{series="kitchen"}} 1000
ml_model_last_actual{{model="knn_regressor",series="kitchen"}} {actual}
ml_model_last_prediction{{model="knn_regressor",series="kitchen"}} 20.5
ml_model_last_error{{model="knn_regressor",series="kitchen"}} {error}
ml_model_mae_20{{model="knn_regressor",series="kitchen"}} 3
ml_model_mae_20{{model="champion",series="kitchen"}} 1.5
ml_model_forecast{{model="knn_regressor",series="kitchen",step="1"}} 22.25
ml_baseline_mae_20{{series="kitchen",baseline="seasonal_naive"}} 6
"""


def shown(readings: list[str], name: str = "kitchen") -> str:
    history = History()
    for text in readings:
        reading = read(text)
        history.add(reading.series[name])
    console = Console(file=StringIO(), width=80)
    console.print(view(reading, name, history, 1007.0))
    text = console.file.getvalue()  # type: ignore[attr-defined]
    return str(text)


def test_a_picture_has_observations_models_and_functions() -> None:
    values = [(7, 20.0, 0.5), (8, 24.0, 3.5), (8, 24.0, 3.5), (9, 22.0, 1.5)]
    text = shown([METRICS.format(number=number, actual=actual, error=error) for number, actual, error in values])
    lines = text.splitlines()
    assert lines[0] == "kitchen  9 observations, the newest 7 s ago  2 dead letters"
    assert lines[1] == "▁█▄"  # an observation that is seen twice is one
    cells = [line.split() for line in lines if line.strip()]
    assert [row[0] for row in cells if row[0].isdigit()] == ["9", "8", "7"]
    board = cells[cells.index(["Leaderboard"]) :]
    assert ["knn_regressor", "20.5", "1.5", "22.25", "3", "0.50", "▁█▃"] in board
    ranked = [row[0] for row in board if row[0] in ("champion", "knn_regressor", "seasonal_naive")]
    assert ranked == ["champion", "knn_regressor", "seasonal_naive"]
    assert lines[-1].split() == ["●", "ingest", "up", "○", "ledger", "zero"]
    assert max(map(len, lines)) <= 80


def test_redis_away_is_said_first() -> None:
    text = shown([METRICS.format(number=7, actual=1, error=1).replace("rivulet_redis_up 1", "rivulet_redis_up 0")])
    assert text.startswith("Redis is away")


@pytest.mark.parametrize(
    ("values", "bars"), [([], ""), ([3.0], "▁"), ([1.0, 1.0], "▁▁"), ([0, 7], "▁█"), (list(range(50)), None)]
)
def test_a_sparkline_is_as_long_as_there_is_room(values: list[float], bars: str | None) -> None:
    line = sparkline(values, 10)
    assert line == bars if bars is not None else len(line) == 10


@pytest.fixture
def exporter(tmp_path: Path) -> Iterator[Exporter]:
    redis = RedisServer(tmp_path / "redis").start()
    fill(Store(redis.url), 2)
    process = Exporter(tmp_path, redis_url=redis.url).start()
    yield process
    process.stop()
    redis.stop()


def watch(address: str, **variables: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "rivulet_local", "watch", "--once", address]
    environment = {**os.environ, "PYTHONPATH": str(FUNCTIONS), "COLUMNS": "80", **variables}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)


def test_it_watches_an_exporter(exporter: Exporter) -> None:
    done = watch(f"http://127.0.0.1:{exporter.port}", SERIES="s00001")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("s00001  2 observations")
    assert "amf_regressor" in done.stdout


def test_it_says_where_nothing_answers() -> None:
    done = watch(f"http://127.0.0.1:{free_port()}")
    assert done.returncode == 1
    assert "No metrics at" in done.stdout
