"""The data set that ships with ingest is the recorded series, continued by the script beside it."""

from __future__ import annotations

import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest

from rivulet import dataset

DATA = Path(__file__).parents[2] / "functions" / "ingest" / "data"


@pytest.fixture(scope="module")
def rows() -> list[dataset.Row]:
    return dataset.read(DATA / "airline.csv")


def test_it_is_what_the_script_makes() -> None:
    check = subprocess.run([sys.executable, DATA / "generate.py", "--check"], capture_output=True, text=True)
    assert (check.returncode, check.stderr) == (0, "")


def test_check_says_that_a_file_differs(tmp_path: Path) -> None:
    script = tmp_path / "generate.py"
    script.write_bytes((DATA / "generate.py").read_bytes())
    (tmp_path / "airline.csv").write_bytes((DATA / "airline.csv").read_bytes().replace(b"112", b"113", 1))
    check = subprocess.run([sys.executable, script, "--check"], capture_output=True, text=True)
    assert check.returncode == 1
    assert "generate.py" in check.stderr
    assert subprocess.run([sys.executable, script]).returncode == 0
    assert (tmp_path / "airline.csv").read_bytes() == (DATA / "airline.csv").read_bytes()


def test_months_follow_each_other(rows: list[dataset.Row]) -> None:
    months = [f"{year}-{month:02}" for year in range(1949, 2011) for month in range(1, 13)]
    assert [row.label for row in rows] == months
    assert len(rows) == 744


def test_the_first_144_are_the_recorded_ones(rows: list[dataset.Row]) -> None:
    recorded = [row.value for row in rows[:144]]
    assert recorded[:6] == [112, 118, 132, 129, 121, 135]
    assert recorded[-1] == 432
    assert sum(recorded) == 40363


def test_the_rest_continues_them(rows: list[dataset.Row]) -> None:
    values = [row.value for row in rows]
    assert all(isinstance(value, int) for value in values)
    years = [sum(values[start : start + 12]) / 12 for start in range(0, 744, 12)]
    growth = [new / old - 1 for old, new in pairwise(years[11:])]
    assert all(-0.1 < each < 0.2 for each in growth)  # no jump at the seam or after it
    assert sum(growth[:10]) > 2 * sum(growth[-10:])  # the trend slows
    peaks = {(year := values[start : start + 12]).index(max(year)) for start in range(144, 744, 12)}
    assert peaks <= {6, 7}  # summer stays the season
