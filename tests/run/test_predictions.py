from pathlib import Path
from typing import Any

import pandas as pd

from rivulet_local.run_picture import Line
from rivulet_local.run_predictions import write_predictions


def test_one_row_an_observation_to_the_last_digit(tmp_path: Path) -> None:
    first: list[dict[str, Any]] = [
        {"seq": 1, "prediction": 0.1 + 0.2, "target": 112.0, "time": "1949-01"},
        {"seq": 2, "prediction": 1 / 3, "target": 118.0, "time": None},
    ]
    second: list[dict[str, Any]] = [{"seq": 2, "prediction": 7.0, "target": 118.0, "time": None}]
    write_predictions(tmp_path / "predictions.csv", [Line("one", 1.0, first), Line("two", None, second)])
    table = pd.read_csv(tmp_path / "predictions.csv", index_col="seq")
    assert list(table.columns) == ["time", "actual", "one", "two"]
    assert table["one"].tolist() == [0.1 + 0.2, 1 / 3]
    assert table["actual"].tolist() == [112.0, 118.0]
    assert table["two"].isna().tolist() == [True, False]
