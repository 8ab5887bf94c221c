"""What the series come to: rows of their own for as many as the setting allows, one row for all the others."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from rivulet.accuracy import WINDOWS
from rivulet.baselines import Baselines
from rivulet.exposition import ERRORS, LAST, Row
from rivulet.store.overview import ModelView, Overview, SeriesView

OTHERS = "_others"  # no series can be called so
_FIELDS = ("count", "updated_ms", "fallbacks", *ERRORS)
_ALL_FIELDS = (*_FIELDS, *LAST, "forecast")

Sample = tuple[tuple[str, ...], float]


@dataclass
class SeriesRows:
    """What is exposed of all series: rows of models, and samples by the name of their metric."""

    models: list[Row] = field(default_factory=list)
    samples: dict[str, list[Sample]] = field(default_factory=dict)
    own: int = 0
    folded: int = 0

    def add(self, name: str, labels: tuple[str, ...], value: float) -> None:
        """Add a sample."""
        self.samples.setdefault(name, []).append((labels, value))


@dataclass
class _Sums:
    """All series that have no row of their own, of one model."""

    series: int = 0
    count: int = 0
    fallbacks: int = 0
    lessons: int = 0
    snapshot_bytes: int = 0
    updated: float = 0.0
    errors: dict[str, tuple[int, float]] = field(default_factory=dict)

    def add(self, view: ModelView) -> None:
        metrics = view.metrics
        self.series += 1
        self.count += int(metrics["count"] or 0)
        self.fallbacks += int(metrics["fallbacks"] or 0)
        self.lessons += view.lessons
        self.snapshot_bytes += view.snapshot_bytes
        self.updated = max(self.updated, float(metrics["updated_ms"] or 0))
        for name in ERRORS:
            text = metrics[name]
            if text is not None and text != "null":
                number, total = self.errors.get(name, (0, 0.0))
                self.errors[name] = (number + 1, total + float(text))

    def metrics(self) -> dict[str, Any]:
        means = {name: total / number for name, (number, total) in self.errors.items()}
        return {"count": self.count, "fallbacks": self.fallbacks, **means}


def collect(overview: Overview, most: int, season: int, seasons: Mapping[str, int]) -> SeriesRows:
    """Read all series.

    Parameters
    ----------
    most
        How many series have rows of their own, in the order of their names, so that a series keeps its row.
    season
        Length of the season of the seasonal naive baseline, in observations, of a series that has none in `seasons`.
    """
    longest = max(season, *seasons.values()) if seasons else season
    rows = SeriesRows()
    names = overview.index()
    for view in overview.read(names[:most], max(WINDOWS) + longest, _ALL_FIELDS):
        _own(rows, view, seasons.get(view.series_id, season))
    _fold(rows, overview.read(names[most:], 0, _FIELDS))
    rows.own, rows.folded = min(most, len(names)), max(0, len(names) - most)
    return rows


def _own(rows: SeriesRows, view: SeriesView, season: int) -> None:
    label = (view.series_id,)
    rows.add("observations", label, view.observations)
    for name, at_ms in (("tick", view.tick_ms), ("observation", view.observed_ms)):
        if at_ms:
            rows.add(name, label, at_ms / 1000)
    for baseline, accuracy in _baselines(view, season).accuracy.items():
        for name, value in accuracy.windows().items():
            if value is not None:
                rows.add(f"baseline_{name}", (*label, baseline), value)
    for model, part in view.models.items():
        metrics = {name: json.loads(text) for name, text in part.metrics.items() if text is not None}
        rows.models.append((view.series_id, model, metrics))
        _sizes(rows, (*label, model), part.lessons, part.snapshot_bytes, metrics.get("updated_ms", 0) / 1000)
        if part.snapshot_ms:
            rows.add("snapshot_at", (*label, model), part.snapshot_ms / 1000)


def _fold(rows: SeriesRows, views: Iterable[SeriesView]) -> None:
    sums: dict[str, _Sums] = {}
    observations, tick, observed = 0, 0, 0
    for view in views:
        observations += view.observations
        tick, observed = max(tick, view.tick_ms), max(observed, view.observed_ms)
        for model, part in view.models.items():
            sums.setdefault(model, _Sums()).add(part)
    if observations:
        rows.add("observations", (OTHERS,), observations)
    for name, at_ms in (("tick", tick), ("observation", observed)):
        if at_ms:
            rows.add(name, (OTHERS,), at_ms / 1000)
    for model, total in sums.items():
        rows.models.append((OTHERS, model, total.metrics()))
        _sizes(rows, (OTHERS, model), total.lessons, total.snapshot_bytes, total.updated / 1000)


def _sizes(rows: SeriesRows, labels: tuple[str, str], lessons: int, snapshot_bytes: int, updated: float) -> None:
    rows.add("lessons", labels, lessons)
    rows.add("snapshot_bytes", labels, snapshot_bytes)
    if updated:
        rows.add("prediction", labels, updated)


def _baselines(view: SeriesView, season: int) -> Baselines:
    """Return the baselines, folded over the newest values."""
    number, first = view.first or (1, 0.0)
    newest = view.observations - len(view.values) + 1
    baselines = Baselines.since(season, first, newest - number)
    for seq, value in enumerate(reversed(view.values), newest):
        baselines.add(seq, value)
    return baselines
