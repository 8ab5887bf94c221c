"""The tables of an evaluation, and its file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from statistics import mean
from typing import Any

from rich import box
from rich.table import Table

from rivulet_evaluation.scores import geometric_mean

Scores = Mapping[str, Mapping[str, Mapping[str, Any]]]


def write(path: Path, scores: Scores) -> None:
    """Write the scores as JSON, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.new")
    temporary.write_text(json.dumps(scores, indent=2) + "\n", "utf-8")
    temporary.replace(path)


def file_table(name: str, season: int, rows: Mapping[str, Mapping[str, Any]]) -> Table:
    """Return the table of one series, best first."""
    told = f"season {season}" if season > 1 else "no season"
    shown = _table(f"{name} ({told})", ("MAE", "MASE", "/AutoETS", "us/obs.", "bytes", "fallb."))
    for model, row in sorted(rows.items(), key=lambda item: (item[1]["mae"] is None, item[1]["mae"])):
        cost = [f"{row['us_per_observation']:.0f}" if row["us_per_observation"] else "-"]
        cost += [str(row[key]) if row["state_bytes"] else "-" for key in ("state_bytes", "fallbacks")]
        shown.add_row(model, *(_figure(row[key]) for key in ("mae", "mase", "vs_autoets")), *cost)
    return shown


def summary(scores: Scores) -> Table:
    """Return, for each forecaster, its geometric means over all series, its worst one, and its mean cost."""
    shown = _table(f"{len(scores)} series, geometric means", ("MASE", "/AutoETS", "worst", "us/obs.", "bytes"))
    models = list(dict.fromkeys(model for rows in scores.values() for model in rows))
    key = "vs_autoets" if any("autoets" in rows for rows in scores.values()) else "mase"
    found = []
    for model in models:
        rows = {name: rows[model] for name, rows in scores.items() if model in rows}
        means = [geometric_mean(row[figure] for row in rows.values()) for figure in ("mase", "vs_autoets")]
        worst = max((row[key] for row in rows.values() if row[key] is not None), default=None)
        cost = [mean(row[figure] for row in rows.values()) for figure in ("us_per_observation", "state_bytes")]
        found.append((means, model, worst, cost))
    for means, model, worst, cost in sorted(found, key=lambda row: row[0][0] or 0.0):
        shown.add_row(model, *map(_figure, means), _figure(worst), *(f"{each:.0f}" if each else "-" for each in cost))
    return shown


def _table(title: str, headings: tuple[str, ...]) -> Table:
    shown = Table(title=title, box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, title_justify="left")
    shown.add_column("model", no_wrap=True)
    for heading in headings:
        shown.add_column(heading, justify="right", no_wrap=True)
    return shown


def _figure(value: float | None) -> str:
    return "-" if value is None else f"{value:.4g}"
