"""What the ledger tells: read from the record and the journals, so that it is whole whatever events were lost."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from rivulet.accuracy import measure
from rivulet.baselines import NAMES as BASELINES
from rivulet.baselines import SEASONAL_NAIVE, Baselines
from rivulet.champion import NAME as CHAMPION
from rivulet.contest import Contest
from rivulet.deadletters import DeadLetters
from rivulet.errors import NotThere
from rivulet.lessons import Lesson
from rivulet.settings import Settings
from rivulet.store import Store
from rivulet.store.journal import Journal
from rivulet.store.notes import Notes
from rivulet.store.record import Recorded, SeriesRecord

_LOOK_AGAIN = 0.05
_PAGE = 1000


class Reports:
    """Runs, predictions and the leaderboard.

    Parameters
    ----------
    settings
        The models that are expected to predict every observation, and the lengths of seasons.
    """

    def __init__(self, store: Store, notes: Notes, dead_letters: DeadLetters, settings: Settings) -> None:
        self._notes = notes
        self._dead_letters = dead_letters
        self._settings = settings
        self._record = SeriesRecord(store)
        self._journals = {model: Journal(store, model) for model in settings.models}
        season, keep = settings.season, settings.journal_keep
        self._contest = Contest(store, self._record, self._journals, season, settings.seasons, keep)

    def run(self, series_id: str, seq: int, wait: float) -> dict[str, Any]:
        """Return the way of one observation.

        Parameters
        ----------
        wait
            Seconds to wait for what is still missing.

        Raises
        ------
        NotThere
            If there is no such observation.
        """
        deadline = time.monotonic() + wait
        lessons: dict[str, tuple[Lesson, int]] = {}
        observation: list[Recorded] = []
        while True:
            observation = observation or self._record.read(series_id, seq, seq)
            for model, journal in self._journals.items():
                if model not in lessons and (found := _lesson_of(journal, series_id, seq)):
                    lessons[model] = found
            if (observation and len(lessons) == len(self._journals)) or time.monotonic() >= deadline:
                break
            time.sleep(_LOOK_AGAIN)
        if not observation and not lessons:
            raise NotThere(f"series {series_id!r} has no observation {seq}")
        return self._way(series_id, seq, observation[0] if observation else None, lessons)

    def _way(
        self, series_id: str, seq: int, observation: Recorded | None, lessons: dict[str, tuple[Lesson, int]]
    ) -> dict[str, Any]:
        arrivals = self._notes.arrivals(series_id, seq)
        missing = [model for model in self._journals if model not in lessons]
        forgotten = [model for model in missing if self._journals[model].begins_after(series_id, seq)]
        return {
            "series_id": series_id,
            "seq": seq,
            "complete": len(lessons) == len(self._journals),
            "waiting_for": [model for model in missing if model not in forgotten],
            "forgotten_by": forgotten,
            "observation": _observation(observation) if observation else None,
            "models": [_stage(model, *found, arrivals.get(model)) for model, found in lessons.items()],
            "dead_letters": [
                letter
                for letter in self._dead_letters.of_series(series_id)
                if letter["event"].get("sequence") == str(seq)
            ],
        }

    def predictions(self, series_id: str, model: str, first: int, last: int, most: int) -> dict[str, Any]:
        """Return a model's predictions of the observations from `first` to `last`, at most `most`."""
        if model == CHAMPION:
            self._contest.advance(series_id)
        journal = self._contest.journal if model == CHAMPION else self._journals[model]
        n = journal.find(series_id, first)
        lessons = journal.read(series_id, n, count=most + 1) if n else []
        rows = [lesson for lesson in lessons[:most] if lesson.top <= last]
        times = self._labels(series_id, rows)
        predictions = [
            {
                "seq": lesson.seq,
                "n": lesson.n,
                "prediction": lesson.prediction,
                "target": lesson.target,
                "time": times.get(lesson.seq),
            }
            for lesson in rows
        ]
        more = len(lessons) > most and lessons[most].top <= last
        return {
            "series_id": series_id,
            "model": model,
            "predictions": predictions,
            "next": lessons[most].top if more else None,
        }

    def crown(self, series_id: str) -> None:
        """Let the champion take in what the models have predicted meanwhile."""
        self._contest.advance(series_id)

    def forecast(self, series_id: str) -> dict[str, Any] | None:
        """Return what the champion expects next, and whom it listens to; ``None`` while it knows nothing."""
        champion = self._contest.advance(series_id)
        if not champion.forecast:
            return None
        steps = [{"step": step, "value": value} for step, value in enumerate(champion.forecast, 1)]
        weights = champion.weights([*self._journals, *BASELINES])
        return {"series_id": series_id, "model": CHAMPION, "seq": champion.seq, "forecast": steps, "weights": weights}

    def _labels(self, series_id: str, lessons: Sequence[Lesson]) -> dict[int | None, str | None]:
        numbers = [lesson.seq for lesson in lessons if lesson.seq is not None]
        if not numbers:
            return {}
        return {entry.seq: entry.meta.get("time") for entry in self._record.read(series_id, numbers[0], numbers[-1])}

    def leaderboard(self, series_id: str) -> dict[str, Any] | None:
        """Return models, baselines and the champion by their mean absolute error; ``None`` for an unknown series."""
        rows = [_model_row(model, "model", journal, series_id) for model, journal in self._journals.items()]
        observations = self._record.count(series_id)
        if not observations and not any(row["count"] for row in rows):
            return None
        baselines = self._caught_up(series_id)
        rows += _baseline_rows(baselines)
        self._contest.advance(series_id)
        rows.append(_model_row(CHAMPION, "champion", self._contest.journal, series_id))
        reference = baselines.accuracy[SEASONAL_NAIVE].overall()["mae"]
        for row in rows:
            row["relative_mae"] = row["mae"] / reference if reference and row["mae"] is not None else None
        rows.sort(key=lambda row: (row["mae"] is None, row["mae"]))
        dead_letters = len(self._dead_letters.of_series(series_id))
        return {"series_id": series_id, "observations": observations, "rows": rows, "dead_letters": dead_letters}

    def _caught_up(self, series_id: str) -> Baselines:
        season = self._settings.seasons.get(series_id, self._settings.season)
        baselines = self._notes.baselines(series_id, season)
        before = baselines.seq
        while entries := self._record.values(series_id, baselines.seq + 1, count=_PAGE):
            for entry in entries:
                baselines.add(entry.seq, entry.value)
        if baselines.seq != before:
            self._notes.keep_baselines(series_id, baselines)
        return baselines


def _lesson_of(journal: Journal, series_id: str, seq: int) -> tuple[Lesson, int] | None:
    n = journal.find(series_id, seq)
    found = journal.read_timed(series_id, n, n, 1) if n else []
    return found[0] if found and found[0][0].seq == seq else None


def _model_row(model: str, kind: str, journal: Journal, series_id: str) -> dict[str, Any]:
    metrics = {name: json.loads(value) for name, value in journal.metrics(series_id).items()}
    overall = {name: metrics.get(f"{name}_all") for name in ("mae", "rmse", "mape")}
    newest = {f"{name}_20": metrics.get(f"{name}_20") for name in ("mae", "rmse", "mape")}
    return {"model": model, "kind": kind, "count": metrics.get("count", 0), **overall, **newest}


def _baseline_rows(baselines: Baselines) -> list[dict[str, Any]]:
    rows = []
    for name, accuracy in baselines.accuracy.items():
        overall, newest = accuracy.overall(), measure(list(accuracy.pairs))
        row: dict[str, Any] = {"model": name, "kind": "baseline", "count": accuracy.count}
        row |= {name: overall[name] for name in ("mae", "rmse", "mape")}
        row |= {f"{name}_20": newest[name] for name in ("mae", "rmse", "mape")}
        rows.append(row)
    return rows


def _observation(entry: Recorded) -> dict[str, Any]:
    known = {
        name: entry.meta.get(name)
        for name in ("time", "input", "observation_id", "event_id", "event_source", "trace_id")
    }
    order = {"sequence": entry.sequence, "gap": entry.gap}
    return {"value": entry.value, "appended_at": _moment(entry.at_ms), **order, **known}


def _stage(model: str, lesson: Lesson, at_ms: int, arrival: dict[str, Any] | None) -> dict[str, Any]:
    return {
        "model": model,
        "n": lesson.n,
        "prediction": lesson.prediction,
        "target": lesson.target,
        "error": lesson.error,
        "forecast": lesson.forecast,
        "duration_ms": lesson.duration_ms,
        "learned_at": _moment(at_ms),
        "recorded_at": _moment(arrival["at_ms"]) if arrival else None,
    }


def _moment(milliseconds: int) -> str:
    return datetime.fromtimestamp(milliseconds / 1000, UTC).isoformat(timespec="milliseconds")
