"""Predict, then learn, exactly once: the state of each series, kept equal to its journal.

A lesson is worked out on the state in memory and appended to the journal. The append is refused unless the journal
ends with the very lesson that the state ends with; so of two pods one wins, and the other reads what it missed. A
state whose append failed is thrown away and folded anew: from the newest snapshot and the lessons after it.
"""

from __future__ import annotations

from rivulet import tally
from rivulet.desk import Desk
from rivulet.errors import Conflict, Invalid
from rivulet.gaps import Gaps
from rivulet.lessons import Lesson
from rivulet.logs import remark
from rivulet.models import Definition
from rivulet.shelf import Shelf
from rivulet.store import Store
from rivulet.store.journal import Call, Journal
from rivulet.store.record import SeriesRecord
from rivulet.working_out import Tally, metrics_with, worked_out

_ATTEMPTS = 50


class Learner:
    """One model's lessons, for every series.

    Parameters
    ----------
    definition
        The model's recipe.
    store
        Where series' own logs are, which gaps are filled from.
    journal
        Where its lessons are kept.
    shelf
        The states in memory.
    forecast_steps
        Length of the forecast that is recorded with each lesson.
    """

    def __init__(
        self, definition: Definition, store: Store, journal: Journal, shelf: Shelf, forecast_steps: int
    ) -> None:
        self.definition = definition
        self.tally = Tally()
        self._journal = journal
        self._shelf = shelf
        self._states = shelf.states
        self._gaps = Gaps(store, journal, SeriesRecord(store), shelf.states, forecast_steps, self.tally)
        self._steps = forecast_steps

    def observe(self, series_id: str, seq: int, lags: list[float], target: float) -> Lesson | None:
        """Learn observation `seq`, after all those before it.

        Returns
        -------
        Lesson or None
            What was predicted; of a repetition what was predicted the first time; ``None`` for an observation that
            comes after later ones were learned, and so is never learned itself.

        Raises
        ------
        Conflict
            If the series' record does not reach `seq` yet.
        """
        with self._shelf.desk(series_id) as desk:
            for _ in range(_ATTEMPTS):
                state = self._states.of(desk)
                if seq <= state.seq:
                    lesson = self._recorded(desk, seq)
                    if lesson or self._states.is_current(desk):
                        self._repeated()
                        return lesson
                    desk.discard()
                elif self._gaps.fill(desk, seq, len(lags)):
                    lesson = self._work_out(desk, lags, target, seq)
                    if self._commit(desk, lesson):
                        return lesson
        raise _contended(series_id)

    def teach(self, series_id: str, lags: list[float], target: float, call: Call | None) -> Lesson:
        """Learn a lesson that was given directly, whatever its number.

        Parameters
        ----------
        call
            With it, a call that was answered before gets the same answer again, and teaches nothing.

        Raises
        ------
        Invalid
            If the call's key was used for another body.
        """
        with self._shelf.desk(series_id) as desk:
            for _ in range(_ATTEMPTS):
                if call and (known := self._journal.answered(series_id, call.key)):
                    return self._answered(series_id, call, *known)
                lesson = self._work_out(desk, lags, target, None, ahead=False)
                if self._commit(desk, lesson, call) or self.stands(series_id, lesson):
                    return lesson
        raise _contended(series_id)

    def forecast(self, series_id: str, steps: int) -> list[float] | None:
        """Return what comes after the newest observation that the model learned; ``None`` if it learned none."""
        with self._shelf.desk(series_id) as desk:
            state = self._states.refreshed(desk)
            return state.forecast(state.next_lags, steps) if state.n else None

    def forecast_from(self, series_id: str, lags: list[float], steps: int) -> list[float]:
        """Return the recursive forecast from given features; nothing is learned."""
        with self._shelf.desk(series_id) as desk:
            return self._states.refreshed(desk).forecast(lags, steps)

    def _work_out(self, desk: Desk, lags: list[float], target: float, seq: int | None, ahead: bool = True) -> Lesson:
        """Predict, learn, forecast: on the state in memory, which is ahead of the journal until the commit."""
        self._states.of(desk)
        desk.ahead = True
        return worked_out(desk, lags, target, seq, self._steps if ahead else 0)

    def _commit(self, desk: Desk, lesson: Lesson, call: Call | None = None) -> bool:
        """Append what was worked out; where that is refused, go back to what the journal says."""
        base = (lesson.n - 1, desk.token)
        if lesson.n == 1:  # before the first lesson: whoever dies in between leaves a name, not an unknown series
            self._journal.enlist(desk.series_id)
        metrics = metrics_with(desk.require_state(), lesson)
        if not self._journal.commit(desk.series_id, base, [lesson], metrics, call):
            self.tally.refused()
            self._states.reconcile(desk, [lesson])
            return False
        desk.committed(lesson.token)
        desk.shown = lesson.n if metrics else desk.shown
        self.tally.lessons += 1
        self._shelf.note(desk)
        return True

    def stands(self, series_id: str, lesson: Lesson) -> bool:
        """Whether a lesson stands in the journal, though its append was not answered, or was sent twice."""
        found = self._journal.read(series_id, lesson.n, lesson.n, 1)
        return bool(found) and found[0].token == lesson.token

    def _answered(self, series_id: str, call: Call, digest: str, n: int) -> Lesson:
        self._repeated()
        if digest != call.body_digest:
            raise Invalid("header 'Idempotency-Key' was used before, with another body")
        found = self._journal.read(series_id, n, n, 1)
        if not found:
            raise Conflict(f"the lesson that Idempotency-Key {call.key!r} recorded is gone: removed or trimmed")
        return found[0]

    def _repeated(self) -> None:
        self.tally.duplicates += 1
        tally.count("duplicates")
        remark(outcome="duplicate")

    def _recorded(self, desk: Desk, seq: int) -> Lesson | None:
        n = self._journal.find(desk.series_id, seq)
        found = self._journal.read(desk.series_id, n, n, 1) if n else []
        return found[0] if found and found[0].seq == seq else None


def _contended(series_id: str) -> Conflict:
    return Conflict(f"other pods keep learning series {series_id!r}; try again", retry_after=1)
