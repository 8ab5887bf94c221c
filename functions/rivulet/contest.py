"""The champion of each series, kept up to what the record and the models' journals say.

It is a fold of them: whenever it is computed, and wherever, it comes out the same. An observation is taken in once
every model has predicted it; a model that never will, because it learned later ones first, is not waited for.
"""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from rivulet.champion import NAME, Champion
from rivulet.errors import Conflict
from rivulet.lessons import Lesson, metrics_after
from rivulet.store import Store
from rivulet.store.journal import Journal
from rivulet.store.record import SeriesRecord

_PAGE = 200
_ATTEMPTS = 5


@dataclass
class Standing:
    """A champion, with how far it is.

    Attributes
    ----------
    n, token
        The newest lesson in the champion's own journal.
    positions
        The newest lesson that was taken from each model's journal.
    """

    champion: Champion
    n: int = 0
    token: str = ""
    positions: dict[str, int] = field(default_factory=dict)

    def encode(self) -> str:
        """Return the standing as JSON."""
        place = {"n": self.n, "token": self.token, "positions": self.positions}
        return json.dumps({**place, "champion": self.champion.to_json()}, separators=(",", ":"))

    @classmethod
    def decode(cls, text: str) -> Standing:
        """Restore what `encode` returned."""
        value: dict[str, Any] = json.loads(text)
        return cls(Champion.from_json(value["champion"]), value["n"], value["token"], value["positions"])


class Contest:
    """Keeps champions.

    Parameters
    ----------
    models
        The models that take part.
    season
        Length of the season of the seasonal naive forecast, of a series that has none in `seasons`.
    keep
        How many of its own lessons stay in its journal, at least; 0 for all.
    """

    def __init__(
        self,
        store: Store,
        record: SeriesRecord,
        models: Mapping[str, Journal],
        season: int,
        seasons: Mapping[str, int],
        keep: int = 0,
    ) -> None:
        self._keep = keep
        self.journal = Journal(store, NAME)
        self._record = record
        self._models = models
        self._season = season
        self._seasons = seasons
        self._lock = threading.Lock()

    def advance(self, series_id: str) -> Champion:
        """Take in all that can be, and return the champion.

        Raises
        ------
        Conflict
            If another pod keeps doing the same.
        """
        with self._lock:
            for _ in range(_ATTEMPTS):
                standing, more = self._load(series_id), True
                while more:
                    lessons, more = self._play(series_id, standing)
                    if lessons and not self._append(series_id, standing, lessons):
                        break
                else:
                    return standing.champion
        raise Conflict(f"other pods keep judging series {series_id!r}; try again", retry_after=1)

    def _append(self, series_id: str, standing: Standing, lessons: list[Lesson]) -> bool:
        """Append what the champion said to its journal; return whether no other pod had done so."""
        champion = standing.champion
        metrics = metrics_after(champion.accuracy, lessons[-1].top, lessons[-1].forecast)
        base = (lessons[0].n - 1, "" if lessons[0].n == 1 else standing.token)
        standing.token = lessons[-1].token
        if not self.journal.commit(series_id, base, lessons, metrics, state=standing.encode()):
            return False
        if base[0] == 0:
            self.journal.enlist(series_id)
        if self._keep:
            self.journal.trim(series_id, self._keep)
        return True

    def _load(self, series_id: str) -> Standing:
        """Return what was kept; begin anew where that does not belong to the journal, or to another season."""
        season = self._seasons.get(series_id, self._season)
        kept = self.journal.state(series_id)
        newest = self.journal.last(series_id)
        if kept and newest:
            standing = Standing.decode(kept)
            if (newest.n, newest.token, season) == (standing.n, standing.token, standing.champion.baselines.season):
                return standing
        if kept or newest:
            self.journal.erase(series_id)
        return Standing(Champion(season))

    def _play(self, series_id: str, standing: Standing) -> tuple[list[Lesson], bool]:
        """Take in the next observations that every model has predicted.

        Returns
        -------
        list of Lesson
            What the champion said of them.
        bool
            Whether there are more that were not looked at.
        """
        lessons: list[Lesson] = []
        champion = standing.champion
        observations = self._record.values(series_id, champion.seq + 1, count=_PAGE)
        if not observations:
            return lessons, False
        entries = {
            name: _Entries(_read(journal, series_id, standing.positions.get(name, 0) + 1))
            for name, journal in self._models.items()
        }
        for observation in observations:
            found = {name: entry.of(observation.seq) for name, entry in entries.items()}
            if any(entry.may_come for entry in entries.values()):
                return lessons, False
            known = {name: lesson for name, lesson in found.items() if lesson}
            if not known:
                champion.baselines.add(observation.seq, observation.value)
                continue
            predictions = {name: lesson.prediction for name, lesson in known.items()}
            prediction = champion.add(observation.seq, observation.value, predictions)
            forecast = champion.look_ahead({name: each.forecast for name, each in known.items() if each.forecast})
            standing.n += 1
            standing.positions |= {name: entry.taken for name, entry in entries.items() if entry.taken}
            lessons.append(_lesson(standing.n, observation.seq, observation.value, prediction, forecast))
        return lessons, len(observations) == _PAGE


class _Entries:
    """A model's lessons, from which those of rising observation numbers are taken.

    Attributes
    ----------
    taken
        Number of the newest lesson that was taken or left behind.
    may_come
        Whether the lesson that was asked for last may still be appended.
    """

    def __init__(self, lessons: Iterator[Lesson]) -> None:
        self.taken = 0
        self.may_come = False
        self._lessons = lessons
        self._next = next(lessons, None)

    def of(self, seq: int) -> Lesson | None:
        """Return the lesson of an observation; ``None`` where there is none, or none yet."""
        while self._next and (self._next.seq is None or self._next.seq < seq):
            self._take(self._next)
        self.may_come = self._next is None
        if self._next and self._next.seq == seq:
            return self._take(self._next)
        return None

    def _take(self, lesson: Lesson) -> Lesson:
        self.taken = lesson.n
        self._next = next(self._lessons, None)
        return lesson


def _read(journal: Journal, series_id: str, first: int) -> Iterator[Lesson]:
    """Return the lessons from number `first` on, read page by page."""
    while page := journal.read(series_id, first, count=_PAGE):
        yield from page
        if len(page) < _PAGE:
            return
        first = page[-1].n + 1


def _lesson(n: int, seq: int, target: float, prediction: float, forecast: list[float]) -> Lesson:
    return Lesson(seq, seq, [], target, prediction, forecast, 0.0, n=n, token=uuid.uuid4().hex[:16])
