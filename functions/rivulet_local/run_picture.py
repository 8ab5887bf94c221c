"""The picture of a run: what was, against what each model had said beforehand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import cycle, pairwise
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure

matplotlib.use("Agg")

NEWEST = 48
# Okabe and Ito's colours, which people with any kind of colour vision can tell apart.
_COLOURS = ("#E69F00", "#0072B2", "#009E73", "#CC79A7", "#D55E00", "#56B4E9")
_MARGIN = 0.06  # of the range shown, above and below
_FAR_OUT = 50  # the least and the largest of so many predictions do not stretch the scale


@dataclass(frozen=True)
class Line:
    """One model's predictions.

    Attributes
    ----------
    name
        The model.
    mae
        Its mean absolute error over the whole series, for the legend.
    predictions
        What the ledger recorded: ``seq``, ``prediction``, ``target`` and ``time``.
    """

    name: str
    mae: float | None
    predictions: Sequence[Mapping[str, Any]]


def write_picture(path: Path, series: str, lines: Sequence[Line]) -> None:
    """Write the picture as PNG, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.new")
    draw(series, lines).savefig(temporary, format="png", dpi=110)
    temporary.replace(path)


def draw(series: str, lines: Sequence[Line]) -> Figure:
    """Draw the whole series, and its newest observations enlarged."""
    recorded = {point["seq"]: point for line in lines for point in line.predictions}
    numbers = sorted(recorded)
    actual = [recorded[number]["target"] for number in numbers]
    places, by_time = _places(numbers, recorded)
    figure = Figure(figsize=(14, 10), layout="constrained")
    whole, newest = figure.subplots(2, 1, height_ratios=(1, 1))
    for axes, first in ((whole, 0), (newest, max(0, len(numbers) - NEWEST))):
        shown = numbers[first:]
        axes.plot(
            [places[number] for number in shown],
            actual[first:],
            color="black",
            linewidth=2.2 if axes is newest else 1.4,
            marker="o" if axes is newest else None,
            markersize=4,
            label="actual",
            zorder=3,
        )
        predicted: list[float] = []
        for line, colour in zip(lines, cycle(_COLOURS), strict=False):
            predicted += _plot_line(axes, line, places, shown, colour, detailed=axes is newest)
        _limit(axes, actual[first:], predicted)
        axes.grid(alpha=0.25)
        axes.set_ylabel("value")
    whole.set_title(f"{series}: {len(numbers)} observations, each predicted before it was learned")
    newest.set_title(f"the newest {min(NEWEST, len(numbers))}")
    newest.set_xlabel("time" if by_time else "observation")
    figure.legend(*whole.get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return figure


def _plot_line(
    axes: Axes, line: Line, places: Mapping[int, Any], shown: Sequence[int], colour: str, *, detailed: bool
) -> list[float]:
    within = set(shown)
    points = [point for point in line.predictions if point["seq"] in within]
    values: list[float] = [point["prediction"] for point in points]
    axes.plot(
        [places[point["seq"]] for point in points],
        values,
        color=colour,
        linewidth=1.5 if detailed else 0.9,
        alpha=0.9,
        label=line.name if line.mae is None else f"{line.name} (MAE {line.mae:.4g})",
    )
    return values


def _limit(axes: Axes, actual: Sequence[float], predicted: Sequence[float]) -> None:
    """Scale by what was and by nearly all that was said, so that one prediction far out does not flatten the rest."""
    if not actual:
        return
    low, high = min(actual), max(actual)
    room = high - low or abs(high) or 1.0
    said = sorted(predicted)
    few = len(said) // _FAR_OUT
    if said:
        low, high = max(min(low, said[few]), low - room), min(max(high, said[-1 - few]), high + room)
    margin = (high - low or room) * _MARGIN
    axes.set_ylim(low - margin, high + margin)


def _places(numbers: Sequence[int], recorded: Mapping[int, Mapping[str, Any]]) -> tuple[Mapping[int, Any], bool]:
    """Place the observations on the time axis if all their times are dates in order, else by their number."""
    moments = {number: _moment(recorded[number].get("time")) for number in numbers}
    known = [moment for moment in moments.values() if moment is not None]
    if known and len(known) == len(numbers) and all(a < b for a, b in pairwise(known)):
        return moments, True
    return {number: number for number in numbers}, False


def _moment(text: object) -> datetime | None:
    if not isinstance(text, str):
        return None
    for written in (text, f"{text}-01"):  # 1949-01 is a month
        try:
            return datetime.fromisoformat(written).replace(tzinfo=None)
        except ValueError:
            continue
    return None
