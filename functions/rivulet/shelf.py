"""The states that a process holds in memory, one desk a series, and their way from and to Redis."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import MappingProxyType

from rivulet import tally
from rivulet.errors import OutOfReach
from rivulet.fold import State
from rivulet.lessons import Lesson
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
    seasons
        Length of the season of each series where a user has given one.
    """

    def __init__(
        self,
        definition: Definition,
        journal: Journal,
        snapshots: Snapshots,
        most: int,
        seasons: Mapping[str, int] = MappingProxyType({}),
    ) -> None:
        self._seasons = seasons
        self._definition = definition
        self._journal = journal
        self._snapshots = snapshots
        self._most = most
        self._desks: OrderedDict[str, Desk] = OrderedDict()
        self._lock = threading.Lock()
        self._has_restored = False

    @contextmanager
    def desk(self, series_id: str) -> Iterator[Desk]:
        """Work on one series, alone. A state that is left ahead of its journal is not kept."""
        while True:
            with self._lock:
                desk = self._desks.setdefault(series_id, Desk(series_id))
                self._desks.move_to_end(series_id)
            with desk.lock:
                with self._lock:
                    if self._desks.get(series_id) is not desk:
                        continue  # it was cleared away meanwhile
                try:
                    yield desk
                finally:
                    if desk.ahead:
                        self.discard(desk)
            break
        self._clear_oldest()

    def state(self, desk: Desk) -> State:
        """Return the state, folded from Redis if it is not in memory."""
        if desk.state is None:
            self._load(desk)
        return desk.require_state()

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

    def checkpoint_if_due(self, desk: Desk) -> None:
        """Write a snapshot when folding again would cost much more than it does."""
        if self._snapshots.enabled and desk.unsaved_seconds > _SHARE * desk.snapshot_seconds:
            self._checkpoint(desk)

    def checkpoint_all(self) -> None:
        """Write what is not saved yet: the process is told to stop."""
        with self._lock:
            desks = list(self._desks.values())
        for desk in desks:
            with desk.lock:
                if desk.state is not None and desk.state.n and desk.unsaved_seconds and self._snapshots.enabled:
                    self._checkpoint(desk)

    def _checkpoint(self, desk: Desk) -> None:
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
        if not self._has_restored:
            tally.observe("cold", "restore", seconds=seconds)
            self._has_restored = True
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
            if desk.state is not None and desk.unsaved_seconds and self._snapshots.enabled:
                self._checkpoint(desk)
        finally:
            desk.lock.release()
