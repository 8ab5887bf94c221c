"""The states that a process holds in memory, one desk a series, and their way from and to Redis."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from types import MappingProxyType

from rivulet import coldstart, tally
from rivulet.errors import Detour, OutOfReach
from rivulet.fold import State
from rivulet.lessons import Lesson, metrics_after
from rivulet.logs import log, remark
from rivulet.models import Definition
from rivulet.snapshots import Checkpoint, Snapshots
from rivulet.store.journal import Journal

_PAGE = 500
_SHARE = 10  # a snapshot may cost a tenth of the work that it saves
_FIRST_COST = 0.005  # seconds, until one was measured


@dataclass
class Desk:
    """One series in memory; whoever works at it holds its lock.

    Attributes
    ----------
    token
        Of the last committed lesson that `state` learned.
    ahead
        Whether `state` learned what the journal has not taken yet.
    waiting
        How many threads wait for the lock.
    under_way
        Lessons that were sent to the journal and not taken yet, oldest first.
    unsure
        Whether `state` may have learned what the journal did not take.
    refused
        The lessons of which that is not known, oldest first.
    shown
        Number of the lesson whose metrics are in Redis.
    unsaved_seconds
        What it would cost to fold again all since the newest snapshot.
    snapshot_seconds
        What the newest snapshot cost.
    """

    series_id: str
    lock: threading.RLock = field(default_factory=threading.RLock)
    state: State | None = None
    token: str = ""
    ahead: bool = False
    waiting: int = 0
    under_way: list[Lesson] = field(default_factory=list)
    unsure: bool = False
    refused: list[Lesson] = field(default_factory=list)
    shown: int = 0
    unsaved_seconds: float = 0.0
    snapshot_seconds: float = _FIRST_COST

    def require_state(self) -> State:
        """Return the state, which must be there."""
        if self.state is None:
            raise RuntimeError(f"series {self.series_id} has no state in memory")
        return self.state

    def committed(self, token: str) -> None:
        """Note that the journal ends where the state does."""
        self.token = token
        self.ahead = False


class Shelf:
    """A bounded number of desks; the least recently used is cleared first.

    Parameters
    ----------
    most
        How many series are held at once.
    forecast_steps
        Length of the forecast that is shown.
    seasons
        Length of the season of each series where a user has given one.
    """

    def __init__(
        self,
        definition: Definition,
        journal: Journal,
        snapshots: Snapshots,
        most: int,
        forecast_steps: int,
        seasons: Mapping[str, int] = MappingProxyType({}),
    ) -> None:
        self._seasons = seasons
        self._definition = definition
        self._journal = journal
        self._snapshots = snapshots
        self._most = most
        self._forecast_steps = forecast_steps
        self._desks: OrderedDict[str, Desk] = OrderedDict()
        self._lock = threading.Lock()
        self._untidy: set[str] = set()

    @contextmanager
    def desk(self, series_id: str) -> Iterator[Desk]:
        """Work on one series, alone. A state that is left ahead of its journal is not kept."""
        while True:
            with self._lock:
                desk = self._desks.setdefault(series_id, Desk(series_id))
                self._desks.move_to_end(series_id)
                desk.waiting += 1
            with desk.lock:
                with self._lock:
                    desk.waiting -= 1
                    if self._desks.get(series_id) is not desk:
                        continue  # it was cleared away meanwhile
                try:
                    if desk.unsure:
                        self._settle(desk)
                    yield desk
                finally:
                    if desk.ahead:
                        self.discard(desk)
            break
        self._clear_oldest()

    def at_hand(self, series_id: str) -> Desk | None:
        """Return a desk for who must not wait, with its lock held; each time it is to be released once.

        Returns
        -------
        Desk or None
            ``None`` while somebody else works on it, or waits to.

        Raises
        ------
        Detour
            If the state is not in memory, or not surely what the journal says.
        """
        with self._lock:
            desk = self._desks.get(series_id)
            if desk is None or desk.state is None or desk.unsure:
                raise Detour
            if desk.waiting or not desk.lock.acquire(blocking=False):
                return None
            self._desks.move_to_end(series_id)
            return desk

    def state(self, desk: Desk) -> State:
        """Return the state, folded from Redis if it is not in memory."""
        if desk.state is None:
            self._load(desk)
        return desk.require_state()

    def restore(self, series_id: str) -> None:
        """Have the state of a series in memory, before anybody asks for it."""
        with suppress(OutOfReach), self.desk(series_id) as desk:
            self.state(desk)

    def refreshed(self, desk: Desk) -> State:
        """Return the state with all that other pods appended meanwhile."""
        if desk.state is None or not self._catch_up(desk):
            self._load(desk)
        return desk.require_state()

    def discard(self, desk: Desk) -> None:
        """Forget the state; the next one who needs it folds it anew."""
        desk.state = None
        desk.ahead = False

    def is_current(self, desk: Desk) -> bool:
        """Whether the journal ends where the state does."""
        newest = self._journal.last(desk.series_id)
        state = self.state(desk)
        return (newest.n, newest.token) == (state.n, desk.token) if newest else state.n == 0

    def reconcile(self, desk: Desk, lessons: Sequence[Lesson]) -> None:
        """After a refused commit: keep the state where other pods appended the very same lessons, else drop it."""
        base = lessons[0].n - 1
        theirs = self._journal.read(desk.series_id, max(1, base), count=len(lessons) + 1)
        if base:
            if not theirs or (theirs[0].n, theirs[0].token) != (base, desk.token):
                self.discard(desk)
                return
            theirs = theirs[1:]
        theirs = theirs[: len(lessons)]
        same = len(theirs) == len(lessons) and all(map(Lesson.teaches_same, lessons, theirs))
        if same:
            desk.committed(theirs[-1].token)
        if not same or not self._catch_up(desk):
            self.discard(desk)

    def note(self, desk: Desk) -> bool:
        """Note, after a lesson, and say, whether `tidy` has metrics to show, or a snapshot to write."""
        untidy = desk.shown != desk.require_state().n or self._is_worth_a_snapshot(desk)
        if untidy:
            self._untidy.add(desk.series_id)
        return untidy

    def tidy(self) -> None:
        """Write the metrics and snapshots that are due; on a thread, and on nobody's way."""
        with self._lock:
            noted, self._untidy = self._untidy, set()
            known = [series_id for series_id in noted if series_id in self._desks]
        for series_id in known:
            # What is unsure while Redis is away is settled by whoever comes next.
            with suppress(OutOfReach), self.desk(series_id) as desk:
                self._show(desk)
                self.save_if_worth(desk)

    def save_if_worth(self, desk: Desk) -> None:
        """Write a snapshot at once, in the midst of long work, if one is due."""
        if self._is_worth_a_snapshot(desk):
            self._checkpoint(desk)

    def put_away_all(self) -> None:
        """Write what is not in Redis yet: the process is told to stop."""
        for series_id in self._in_memory():
            with self.desk(series_id) as desk:
                self._put_away(desk)

    def show_all(self) -> None:
        """Write the metrics that are not in Redis yet."""
        for series_id in self._in_memory():
            with self.desk(series_id) as desk:
                self._show(desk)

    def metrics(self, state: State) -> dict[str, str | bytes]:
        """Return what a state makes of the metrics."""
        forecast = state.forecast(state.next_lags, self._forecast_steps)
        return metrics_after(state.accuracy, state.seq, forecast, state.fallbacks)

    def _in_memory(self) -> list[str]:
        with self._lock:
            return list(self._desks)

    def _settle(self, desk: Desk) -> None:
        """Find out what became of lessons that were not surely taken."""
        lessons, desk.refused, desk.unsure = desk.refused, [], False
        try:
            if lessons:
                self.reconcile(desk, lessons)
            else:
                self.discard(desk)
        except OutOfReach:
            self.discard(desk)
            raise

    def _is_worth_a_snapshot(self, desk: Desk) -> bool:
        """Whether folding again would cost much more than a snapshot does."""
        return self._snapshots.enabled and desk.unsaved_seconds > _SHARE * desk.snapshot_seconds

    def _put_away(self, desk: Desk) -> None:
        self._show(desk)
        if desk.unsaved_seconds and self._snapshots.enabled:
            self._checkpoint(desk)

    def _show(self, desk: Desk) -> None:
        state = desk.state
        if state is None or state.n == desk.shown:
            return
        try:
            self._journal.show(desk.series_id, (state.n, desk.token), self.metrics(state))
        except OutOfReach as problem:
            log.warning("no metrics of %s: %s", desk.series_id, problem.sentence)
            return
        desk.shown = state.n

    def _checkpoint(self, desk: Desk) -> None:
        if desk.state is None or not desk.state.n:
            return
        started = time.perf_counter()
        envelope = self._snapshots.seal(desk.series_id, Checkpoint(desk.require_state(), desk.token))
        try:
            self._journal.keep_snapshot(desk.series_id, envelope)
        except OutOfReach as problem:
            log.warning("no snapshot of %s: %s", desk.series_id, problem.sentence)
            return
        desk.snapshot_seconds = time.perf_counter() - started
        desk.unsaved_seconds = 0.0

    def _load(self, desk: Desk) -> None:
        started = time.perf_counter()
        desk.unsaved_seconds = 0.0
        desk.shown = 0
        envelope = self._journal.snapshot(desk.series_id)
        checkpoint = self._snapshots.open(desk.series_id, envelope, self._seasons.get(desk.series_id))
        from_snapshot = 0
        if checkpoint:
            desk.state, desk.token, from_snapshot = checkpoint.state, checkpoint.token, checkpoint.state.n
        if not checkpoint or not self._catch_up(desk):
            season = self._seasons.get(desk.series_id)
            desk.state, desk.token, from_snapshot = State(self._definition, season), "", 0
            self._catch_up(desk)
        state = desk.require_state()
        if state.n:
            self._restored(desk.series_id, state.n - from_snapshot, time.perf_counter() - started)

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

    def _clear_oldest(self) -> None:
        with self._lock:
            if len(self._desks) <= self._most:
                return
            series_id, desk = next(iter(self._desks.items()))
            if not desk.lock.acquire(blocking=False):
                return  # somebody works there: the next caller tries again
            del self._desks[series_id]
        try:
            if not desk.unsure:
                self._put_away(desk)
        finally:
            desk.lock.release()
