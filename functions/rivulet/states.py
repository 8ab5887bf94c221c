"""How the state on a desk comes from Redis, goes there, and is kept equal to its journal."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import suppress

from rivulet import coldstart, tally
from rivulet.desk import Desk
from rivulet.early import Early
from rivulet.errors import OutOfReach
from rivulet.fold import State
from rivulet.keeping import Keeping
from rivulet.lags import shifted
from rivulet.lessons import Lesson, metrics_after
from rivulet.logs import log, remark
from rivulet.models import Definition
from rivulet.snapshots import Snapshots
from rivulet.store.journal import Journal
from rivulet.store.kept_snapshots import KeptSnapshots
from rivulet.totals import Totals

_PAGE = 500


class States:
    """Restores and saves the states of one model.

    Parameters
    ----------
    forecast_steps
        Length of the forecast that is shown.
    keeping
        Writes their snapshots.
    seasons
        Length of the season of each series where a user has given one.
    early
        What was read while modules loaded.
    """

    def __init__(
        self,
        definition: Definition,
        journal: Journal,
        kept: KeptSnapshots,
        snapshots: Snapshots,
        keeping: Keeping,
        forecast_steps: int,
        seasons: Mapping[str, int],
        early: Early,
    ) -> None:
        self._definition = definition
        self._journal = journal
        self._kept = kept
        self._snapshots = snapshots
        self.keeping = keeping
        self._forecast_steps = forecast_steps
        self._seasons = seasons
        self._early = early

    def of(self, desk: Desk) -> State:
        """Return the state, folded from Redis if it is not in memory."""
        if desk.state is None:
            self._load(desk)
        return desk.require_state()

    def refreshed(self, desk: Desk) -> State:
        """Return the state with all that other pods appended meanwhile."""
        if desk.state is None or not self._catch_up(desk):
            self._load(desk)
        return desk.require_state()

    def is_current(self, desk: Desk) -> bool:
        """Whether the journal ends where the state does."""
        newest = self._journal.last(desk.series_id)
        state = self.of(desk)
        return (newest.n, newest.token) == (state.n, desk.token) if newest else state.n == 0

    def reconcile(self, desk: Desk, lessons: Sequence[Lesson]) -> None:
        """After a refused commit: keep the state where other pods appended the very same lessons, else drop it."""
        base = lessons[0].n - 1
        theirs = self._journal.read(desk.series_id, max(1, base), count=len(lessons) + 1)
        if base:
            if not theirs or (theirs[0].n, theirs[0].token) != (base, desk.token):
                desk.discard()
                return
            theirs = theirs[1:]
        theirs = theirs[: len(lessons)]
        same = len(theirs) == len(lessons) and all(map(Lesson.teaches_same, lessons, theirs))
        if same:
            desk.committed(theirs[-1].token)
        if not same or not self._catch_up(desk):
            desk.discard()

    def settle(self, desk: Desk) -> None:
        """Find out what became of lessons that were not surely taken."""
        lessons, desk.refused, desk.unsure = desk.refused, [], False
        try:
            if lessons:
                self.reconcile(desk, lessons)
            else:
                desk.discard()
        except OutOfReach:
            desk.discard()
            raise

    def is_untidy(self, desk: Desk) -> bool:
        """Whether there are metrics to show, or a snapshot is worth writing."""
        return desk.shown != desk.require_state().n or self.keeping.is_worth_it(desk)

    def show(self, desk: Desk) -> None:
        """Write the metrics, if those of the newest lesson are not in Redis yet."""
        state = desk.state
        if state is None or state.n == desk.shown:
            return
        forecast = state.forecast(state.next_lags, self._forecast_steps)
        metrics = metrics_after(state.accuracy, state.seq, forecast, state.fallbacks)
        try:
            self._journal.show(desk.series_id, (state.n, desk.token), metrics)
        except OutOfReach as problem:
            log.warning("no metrics of %s: %s", desk.series_id, problem.sentence)
            return
        desk.shown = state.n

    def put_away(self, desk: Desk) -> None:
        """Write what is not in Redis yet."""
        self.show(desk)
        self.keeping.save(desk)

    def note_newest(self, series_id: str) -> None:
        """Note which series was worked on last."""
        with suppress(OutOfReach):
            self._journal.note_newest(series_id)

    def _load(self, desk: Desk) -> None:
        started = time.perf_counter()
        desk.unsaved_seconds = 0.0
        desk.shown = 0
        early = self._early.take(desk.series_id)
        first = self._from_snapshot(desk, early.snapshot) if early else None
        if first is None:
            kept = self._kept.of(desk.series_id)
            if not early or early.snapshot != kept.snapshot:
                first = self._from_snapshot(desk, kept.snapshot)
            if first is None:
                first = self._from_lessons(desk, kept.base)
        state = desk.require_state()
        if state.n:
            self._restored(desk.series_id, state.n - first, time.perf_counter() - started)

    def _from_snapshot(self, desk: Desk, envelope: bytes | None) -> int | None:
        """Go on from a snapshot; return the lesson's number that it ends with, ``None`` if it is of no use."""
        season = self._seasons.get(desk.series_id)
        checkpoint = self._snapshots.open(desk.series_id, envelope, season)
        if not checkpoint:
            return None
        desk.state, desk.token = checkpoint.state, checkpoint.token
        first = checkpoint.state.n
        return first if self._catch_up(desk) else None

    def _from_lessons(self, desk: Desk, base: Totals | None) -> int:
        """Fold what the journal has; return the number of the lesson before its first one."""
        season = self._seasons.get(desk.series_id)
        while True:
            totals = base or self._beginning(desk.series_id)
            desk.state, desk.token = State(self._definition, season, totals), totals.token
            if self._catch_up(desk) or base is None:
                return totals.n
            base = None  # it belongs to a journal that is gone

    def _beginning(self, series_id: str) -> Totals:
        """Return what is known before the first lesson that there is: nothing, unless earlier ones are gone."""
        oldest = self._journal.read(series_id, 1, count=1)
        if not oldest or oldest[0].n == 1:
            return Totals()
        log.warning("the journal of %s begins with lesson %d: its totals begin there, too", series_id, oldest[0].n)
        lags = shifted(oldest[0].lags, oldest[0].target)
        return Totals(n=oldest[0].n, token=oldest[0].token, seq=oldest[0].top, next_lags=lags)

    def _restored(self, series_id: str, replayed: int, seconds: float) -> None:
        log.info("restored %s: %d lessons replayed in %.1f ms", series_id, replayed, seconds * 1000)
        tally.count("restores")
        tally.count("replayed", by=replayed)
        coldstart.start.restored(seconds)
        remark(replayed=replayed, restore_ms=round(seconds * 1000, 3))

    def _catch_up(self, desk: Desk) -> bool:
        """Learn what the journal has beyond the state.

        Returns
        -------
        bool
            False if the state is no prefix of the journal.
        """
        state = desk.require_state()
        started = time.perf_counter()
        while True:
            lessons = self._journal.read(desk.series_id, max(1, state.n), count=_PAGE)
            if state.n:
                if not lessons or (lessons[0].n, lessons[0].token) != (state.n, desk.token):
                    return False
                lessons = lessons[1:]
            for lesson in lessons:
                state.learn(lesson.lags, lesson.target, lesson.prediction, lesson.seq, lesson.fallback)
                desk.token = lesson.token
            if len(lessons) < _PAGE - 1:
                desk.unsaved_seconds += (time.perf_counter() - started) if lessons else 0.0
                return True
