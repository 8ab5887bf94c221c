"""Every prediction of a run, as a table with a column for each model."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from rivulet_local.run_picture import Line

_COLUMNS = ["seq", "prediction", "target", "time"]


def tabulate(lines: Sequence[Line]) -> pd.DataFrame:
    """Return a row for each observation: ``time``, ``actual``, and what each model predicted.

    A model that has no prediction of an observation leaves its cell empty.
    """
    tables = [pd.DataFrame(list(line.predictions), columns=_COLUMNS).assign(model=line.name) for line in lines]
    table = pd.concat(tables, ignore_index=True)
    known = table.drop_duplicates("seq").set_index("seq")[["time", "target"]]
    predicted = table.pivot_table(index="seq", columns="model", values="prediction", sort=False)
    return known.rename(columns={"target": "actual"}).join(predicted).sort_index()


def write_predictions(path: Path, lines: Sequence[Line]) -> None:
    """Write the table as CSV, whole or not at all; numbers to the last digit."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.new")
    tabulate(lines).to_csv(temporary)
    temporary.replace(path)
