"""What a run has come to: the leaderboard as a table and as a file."""

from __future__ import annotations

import json
from collections.abc import Collection
from pathlib import Path
from typing import Any

from rich import box
from rich.table import Table

FIGURES = ("mae", "rmse", "mape", "mae_20", "rmse_20", "mape_20", "relative_mae")
_HEADINGS = ("MAE", "RMSE", "MAPE", "MAE\n(20)", "RMSE\n(20)", "MAPE\n(20)", "relative\nMAE")


def document(board: dict[str, Any]) -> dict[str, Any]:
    """Return the leaderboard as it is written to ``out/leaderboard.json``."""
    return {
        "series": board["series_id"],
        "observations": board["observations"],
        "rows": [{name: row[name] for name in ("model", "count", *FIGURES)} for row in board["rows"]],
        "dead_letters": board["dead_letters"],
    }


def write_document(path: Path, board: dict[str, Any]) -> None:
    """Write the leaderboard as JSON, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.new")
    temporary.write_text(json.dumps(document(board), indent=2, ensure_ascii=False) + "\n", "utf-8")
    temporary.replace(path)


def table(board: dict[str, Any]) -> Table:
    """Return the leaderboard as a table that fits 80 columns; baselines have a star."""
    shown = Table(
        title=f"{board['series_id']}: {board['observations']} observations",
        caption="* a baseline. MAPE in %. (20): the last 20. Relative MAE: below 1 beats seasonal naive.",
        box=box.SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
        pad_edge=False,
    )
    shown.add_column("model", no_wrap=True)
    for heading in ("count", *_HEADINGS):
        shown.add_column(heading, justify="right", vertical="bottom")
    for row in board["rows"]:
        baseline = row["kind"] == "baseline"
        figures = ("-" if row[name] is None else f"{row[name]:.4g}" for name in FIGURES)
        name = f"{row['model']} *" if baseline else row["model"]
        shown.add_row(name, str(row["count"]), *figures, style="dim" if baseline else None)
    return shown


def shortcomings(board: dict[str, Any], models: Collection[str], rows: int) -> list[str]:
    """Return a sentence for each thing that keeps a run of `rows` observations from being whole."""
    counts = {row["model"]: row["count"] for row in board["rows"]}
    few = {model: counts.get(model, 0) for model in sorted(models) if counts.get(model, 0) < rows}
    found = [f"{model} has {count} predictions, not {rows}." for model, count in few.items()]
    if board["dead_letters"]:
        found.append(f"The series {board['series_id']} has {board['dead_letters']} dead letters.")
    return found
