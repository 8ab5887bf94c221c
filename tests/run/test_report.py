"""The leaderboard as a table and as a file, the progress, and the picture."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from rivulet_local.run_picture import Line, draw, write_picture
from rivulet_local.run_progress import lines
from rivulet_local.run_report import FIGURES, shortcomings, table, write_document
from rivulet_local.run_stream import describe, learned

MODELS = ("linear_regression", "bagging_regressor")


def row(model: str, count: int = 744, kind: str = "model", figure: float | None = 1234.5678) -> dict[str, Any]:
    return {"model": model, "kind": kind, "count": count, **dict.fromkeys(FIGURES, figure)}


def board(*rows: dict[str, Any], dead_letters: int = 0) -> dict[str, Any]:
    return {"series_id": "s", "observations": 744, "rows": list(rows), "dead_letters": dead_letters}


def test_the_file_has_the_promised_form(tmp_path: Path) -> None:
    path = tmp_path / "out" / "leaderboard.json"
    write_document(path, board(row("linear_regression"), row("naive", 743, "baseline", None)))
    assert json.loads(path.read_text()) == {
        "series": "s",
        "observations": 744,
        "rows": [
            {"model": "linear_regression", "count": 744, **dict.fromkeys(FIGURES, 1234.5678)},
            {"model": "naive", "count": 743, **dict.fromkeys(FIGURES)},
        ],
        "dead_letters": 0,
    }
    assert [file.name for file in path.parent.iterdir()] == ["leaderboard.json"]


def test_the_table_fits_80_columns() -> None:
    console = Console(width=80, record=True)
    console.print(table(board(row("bagging_regressor"), row("seasonal_naive", 732, "baseline", None))))
    text = console.export_text()
    assert "bagging_regressor    744" in text
    assert "seasonal_naive *" in text
    assert text.count("1235") == len(FIGURES)
    assert "…" not in text


def test_a_whole_run_has_no_shortcomings() -> None:
    assert shortcomings(board(*map(row, MODELS), row("naive", 743, "baseline")), MODELS, 744) == []


def test_every_shortcoming_is_said() -> None:
    found = shortcomings(board(row("linear_regression", 740), dead_letters=2), MODELS, 744)
    assert found == [
        "bagging_regressor has 0 predictions, not 744.",
        "linear_regression has 740 predictions, not 744.",
        "The series s has 2 dead letters.",
    ]


def test_the_slowest_model_says_how_far_the_run_is() -> None:
    assert learned(board(row("linear_regression", 9), row("bagging_regressor", 7)), MODELS) == 7
    assert learned(board(row("linear_regression", 9), row("naive", 1, "baseline")), ("linear_regression",)) == 9


def test_a_model_that_has_not_begun_is_the_slowest() -> None:
    assert learned(board(row("linear_regression", 9)), MODELS) == 0
    assert learned(None, MODELS) == 0
    assert learned(board(row("linear_regression", 9)), ()) == 0


def test_only_the_first_dead_letters_are_described() -> None:
    found = describe([{"n": number} for number in range(5)])
    assert found == ['Dead letter: {"n": 0}', 'Dead letter: {"n": 1}', 'Dead letter: {"n": 2}', "... and 2 more"]


def test_a_log_gets_a_line_each_tenth(capsys: pytest.CaptureFixture[str]) -> None:
    show = lines("s", 200)
    for done in range(1, 201):
        show(done)
    said = capsys.readouterr().err.splitlines()
    assert said[0] == "s: 20 of 200 observations"
    assert said[-1] == "s: 200 of 200 observations"
    assert len(said) == 10


def points(count: int, time: str | None) -> list[dict[str, Any]]:
    return [
        {
            "seq": seq,
            "target": 100 + 10 * math.sin(seq / 2),
            "prediction": 1e9 if seq == 3 else 101.0,
            "time": time and f"{1949 + seq // 12}-{seq % 12 + 1:02}",
        }
        for seq in range(1, count + 1)
    ]


@pytest.mark.parametrize("count", [0, 1, 2, 300])
@pytest.mark.parametrize("time", [None, "month"])
def test_a_picture_is_drawn_of_any_series(tmp_path: Path, count: int, time: str | None) -> None:
    path = tmp_path / "out" / "forecast.png"
    write_picture(path, "s", [Line(model, None if count == 0 else 1.5, points(count, time)) for model in MODELS])
    assert path.read_bytes().startswith(b"\x89PNG\r\n\x1a\n")
    assert [file.name for file in path.parent.iterdir()] == ["forecast.png"]


def test_a_prediction_far_out_does_not_flatten_the_picture() -> None:
    figure = draw("s", [Line(model, 1.5, points(300, None)) for model in MODELS])
    for axes in figure.axes:
        low, high = axes.get_ylim()
        assert 85 < low < 90 < 110 < high < 115


def test_the_legend_names_each_model_with_its_error() -> None:
    figure = draw("s", [Line(model, 1.5, points(60, None)) for model in MODELS])
    names = [text.get_text() for text in figure.legends[0].get_texts()]
    assert names == ["actual", "linear_regression (MAE 1.5)", "bagging_regressor (MAE 1.5)"]
    assert "s: 60 observations" in figure.axes[0].get_title()
