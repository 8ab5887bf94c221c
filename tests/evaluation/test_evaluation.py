"""Evaluation: the platform's own fold, its figures recomputed, its settings and its file."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from pathlib import Path

import pytest

from rivulet_evaluation.evaluate import EvaluationError, load
from rivulet_evaluation.folding import Track, combine, fold
from rivulet_evaluation.scores import FIRST, geometric_mean, scores, season_of
from rivulet_evaluation.settings import SHIPPED, EvaluationSettings, SettingError
from tests.plain_loop import MODELS, plain_loop

ROOT = Path(__file__).resolve().parents[2]
VALUES = [100 + k + (0.0, 20.0, -5.0, 3.0)[k % 4] + (k * 37 % 11) * 0.2 for k in range(80)]


def write(path: Path, values: list[float]) -> Path:
    path.write_text("target\n" + "".join(f"{value!r}\n" for value in values))
    return path


@pytest.mark.parametrize("model", MODELS)
def test_it_folds_as_the_platform_does(model: str) -> None:
    track = fold(model, VALUES, 15, None)
    assert track.predictions == plain_loop(model, VALUES).predictions
    assert track.seconds > 0
    assert track.state_bytes > 1000


def test_scores_are_those_of_the_predictions() -> None:
    said: list[float | None] = [value + (-1) ** k * (1 + k % 3) for k, value in enumerate(VALUES)]
    reference: list[float | None] = [*[None] * FIRST, *[value + 4 for value in VALUES[FIRST:]]]
    rows = scores(VALUES, 4, {"some": Track(said, 2e-6, 10, 3), "autoets": Track(reference)})
    expected = sum(1 + k % 3 for k in range(FIRST, 80)) / (80 - FIRST)
    usual = sum(abs(VALUES[k] - VALUES[k - 4]) for k in range(4, 80)) / 76
    assert rows["some"]["mae"] == pytest.approx(expected)
    assert rows["some"]["mase"] == pytest.approx(expected / usual)
    assert rows["some"]["vs_autoets"] == pytest.approx(expected / 4)
    assert (rows["some"]["us_per_observation"], rows["some"]["state_bytes"], rows["some"]["fallbacks"]) == (2.0, 10, 3)
    assert scores(VALUES, 4, {"some": Track(said)})["some"]["vs_autoets"] is None
    assert geometric_mean([2.0, None, 8.0]) == pytest.approx(4)


def test_baselines_and_champion_come_with_the_models() -> None:
    tracks = combine({"exact": Track([*VALUES]), "wrong": Track([value + 50 for value in VALUES])}, VALUES, 4)
    assert set(tracks) == {"naive", "seasonal_naive", "drift", "champion"}
    assert tracks["naive"].predictions[:3] == [None, VALUES[0], VALUES[1]]
    assert tracks["seasonal_naive"].predictions[4] == VALUES[0]
    assert tracks["drift"].predictions[2] == pytest.approx(2 * VALUES[1] - VALUES[0])
    assert tracks["champion"].predictions[10:] == VALUES[10:]


def test_the_season_of_each_series_that_ships_is_found() -> None:
    found = {one.name.rpartition("_")[2]: one.season for one in load(EvaluationSettings.from_environment({}))}
    assert found["monthly.csv"] == 12
    assert len(list(SHIPPED.glob("*.csv"))) >= 5
    assert season_of(VALUES) == 4


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("DIR", "/no/such/folder"),
        ("SEASON", "0"),
        ("SEASON", "129"),
        ("SEASON", "x"),
        ("AUTOETS", "no"),
        ("RAW", "1"),
        ("MODELS", "none_such"),
        ("N_LAGS", "0"),
    ],
)
def test_a_wrong_setting_is_named(name: str, text: str) -> None:
    with pytest.raises(SettingError, match=name):
        EvaluationSettings.from_environment({name: text})


def test_which_models() -> None:
    settings = EvaluationSettings.from_environment({})
    assert set(MODELS) <= set(settings.models)
    assert set(settings.contenders) == set(MODELS)
    assert EvaluationSettings.from_environment({"MODELS": "knn_regressor"}).contenders == ("knn_regressor",)
    everything = EvaluationSettings.from_environment({"MODELS": "all"})
    assert everything.contenders == everything.models


def test_a_folder_that_will_not_do_is_refused(tmp_path: Path) -> None:
    settings = EvaluationSettings.from_environment({"DIR": str(tmp_path)})
    with pytest.raises(EvaluationError, match="no CSV"):
        load(settings)
    write(tmp_path / "short.csv", VALUES[:FIRST])
    with pytest.raises(EvaluationError, match=r"short\.csv has 36 rows"):
        load(settings)
    (tmp_path / "short.csv").write_text("target\n1\nx\n")
    with pytest.raises(EvaluationError, match="line 3"):
        load(settings)


def test_the_command_writes_every_forecaster_of_every_file(tmp_path: Path) -> None:
    write(tmp_path / "a.csv", VALUES)
    write(tmp_path / "b.csv", [math.sin(k) for k in range(60)])
    environment = {
        "DIR": str(tmp_path),
        "AUTOETS": "off",
        "RAW": "on",
        "PYTHONPATH": str(ROOT / "functions"),
        "PATH": "/usr/bin",
    }
    done = subprocess.run(
        [sys.executable, "-m", "rivulet_evaluation"], cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    found = json.loads((tmp_path / "out" / "evaluation.json").read_text())
    assert set(found) == {"a.csv", "b.csv"}
    for rows in found.values():
        assert {*MODELS, "naive", "seasonal_naive", "drift", "champion"} <= set(rows)
        for row in rows.values():
            assert set(row) == {"mae", "mase", "vs_autoets", "us_per_observation", "state_bytes", "fallbacks"}
    raw = found["a.csv"]["linear_regression_raw"]
    assert raw["mae"] > 2 * found["a.csv"]["linear_regression"]["mae"]
    assert found["a.csv"]["linear_regression"]["mae"] < found["a.csv"]["naive"]["mae"] / 3
    assert "a.csv (season 4)" in done.stdout
