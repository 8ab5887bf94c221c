"""Gaps: what lies between a state and an observation is learned from the series' record, a batch at a time.

A batch is worked out while the one before it is on its way to the journal and the one after it is read from the record:
so Redis works beside the model, not in turn with it. The state is ahead of the journal by up to two batches then. The
journal takes a batch only behind the one before it, and a state whose batch was refused is not kept.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rivulet import tally
from rivulet.desk import Desk
from rivulet.errors import Conflict
from rivulet.keeping import Sealed
from rivulet.lags import lag_vector
from rivulet.lessons import Lesson
from rivulet.logs import remark
from rivulet.states import States
from rivulet.store import Store
from rivulet.store.aside import Aside, Begun
from rivulet.store.journal import Journal
from rivulet.store.record import SeriesRecord, Value
from rivulet.working_out import Tally, metrics_with, worked_out

_BATCH = 500
_SHARE = 0.02  # what a snapshot may cost of the work that it saves: while a gap is filled nobody waits for a cold start
_RECENT = 20  # observations before the newest, whose forecasts are recorded although they were filled in late


class Gaps:
    """Fills the gaps of one model.

    Parameters
    ----------
    forecast_steps
        Length of the forecast that is recorded with the newest lessons.
    counts
        What happened in this process.
    """

    def __init__(
        self, store: Store, journal: Journal, record: SeriesRecord, states: States, forecast_steps: int, counts: Tally
    ) -> None:
        self._store = store
        self._journal = journal
        self._record = record
        self._states = states
        self._keeping = states.keeping
        self._steps = forecast_steps
        self._counts = counts

    def fill(self, desk: Desk, seq: int, n_lags: int) -> bool:
        """Learn from the series' record what lies between the state and observation `seq`.

        Returns
        -------
        bool
            False if another pod was learning, too: look again at what the state is.

        Raises
        ------
        Conflict
            If the series' record does not reach `seq` yet.
        """
        reached = self._states.of(desk).seq
        if reached >= seq - 1:
            return reached == seq - 1
        if not self._learned(desk, seq, n_lags):
            return False
        reached = desk.require_state().seq
        if reached == seq - 1:
            return True
        newest = self._record.last(desk.series_id)
        if newest and newest < seq:
            raise Conflict(f"field 'seq' is {seq}, but the record of {desk.series_id!r} ends at {newest}")
        return not self._read(desk, reached + 1, seq)  # else they came to the record meanwhile

    def _learned(self, desk: Desk, seq: int, n_lags: int) -> bool:
        """Learn what the record has at present; return whether the journal took all of it."""
        state = desk.require_state()
        before, sent = state.n, None
        values = self._read(desk, state.seq + 1, seq)
        if not values:
            return True
        lags = lag_vector(self._record.before(desk.series_id, values[0].seq, n_lags), n_lags)
        with Aside(self._store) as aside:
            while values:
                following = self._following(aside, desk, values, seq)
                lessons = self._worked_out(desk, values, lags, seq)
                if sent and not self._is_taken(desk, sent):
                    return False
                sent = self._sent(aside, desk, before, lessons)
                values, lags = following(), desk.require_state().next_lags
            return sent is None or self._is_taken(desk, sent)

    def _read(self, desk: Desk, first: int, seq: int) -> list[Value]:
        return self._record.values(desk.series_id, first, _BATCH, seq - 1) if first < seq else []

    def _following(self, aside: Aside, desk: Desk, values: Sequence[Value], seq: int) -> Callable[[], list[Value]]:
        first = values[-1].seq + 1
        if len(values) < _BATCH or first == seq:
            return list
        return self._record.values_begun(aside, desk.series_id, first, _BATCH, seq - 1)

    def _worked_out(self, desk: Desk, values: Sequence[Value], lags: list[float], seq: int) -> list[Lesson]:
        state, desk.ahead = desk.require_state(), True
        lessons = []
        for number, value in values:
            lessons.append(worked_out(desk, lags, value, number, self._steps if seq - number <= _RECENT else 0))
            lags = state.next_lags
        return lessons

    def _sent(self, aside: Aside, desk: Desk, before: int, lessons: Sequence[Lesson]) -> _Sent:
        """Have the state's newest lessons appended, and seal a snapshot of it if that is worth it."""
        if lessons[0].n == 1:  # as for any first lesson: a name is better than an unknown series
            self._journal.enlist(desk.series_id)
        base, metrics = (lessons[0].n - 1, desk.token), metrics_with(desk.require_state(), lessons[-1])
        begun = self._journal.commit_begun(aside, desk.series_id, base, lessons, metrics)
        sealed = self._keeping.renewed(desk, lessons[-1].token) if self._keeping.is_worth_it(desk, _SHARE) else None
        return _Sent(before, lessons, bool(metrics), begun, sealed)

    def _is_taken(self, desk: Desk, sent: _Sent) -> bool:
        """Wait for what became of lessons that were sent; the state may have learned others since."""
        last = sent.lessons[-1]
        is_newest = desk.require_state().n == last.n
        if not sent.begun.answer():
            self._refused(desk, sent.lessons if is_newest else None)
            return False
        desk.token, desk.ahead = last.token, not is_newest
        desk.shown = last.n if sent.shows else desk.shown
        if sent.sealed:  # not before: what a snapshot holds has to be in the journal
            self._keeping.note(desk, sent.sealed, self._keeping.written(desk.series_id, sent.sealed))
        self._counts.lessons += len(sent.lessons)
        self._counts.filled += len(sent.lessons)
        tally.count("filled", by=len(sent.lessons))
        remark(filled=last.n - sent.before)
        return True

    def _refused(self, desk: Desk, lessons: Sequence[Lesson] | None) -> None:
        self._counts.refused()
        if lessons:
            self._states.reconcile(desk, lessons)
        else:
            desk.discard()


@dataclass(frozen=True)
class _Sent:
    """Lessons on their way to the journal, and perhaps a snapshot that follows them.

    Attributes
    ----------
    before
        Number of the lesson before the gap.
    shows
        Whether metrics go with them.
    sealed
        Of the state behind them.
    """

    before: int
    lessons: Sequence[Lesson]
    shows: bool
    begun: Begun
    sealed: Sealed | None
