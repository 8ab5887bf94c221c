"""When a snapshot is written: as soon as folding again would cost much more, by what both were seen to cost.

A snapshot is sealed where the state is at hand, and may be written later, by another thread.
"""

from __future__ import annotations

import gc
import time
from typing import NamedTuple

from rivulet.desk import Desk
from rivulet.errors import OutOfReach
from rivulet.logs import log
from rivulet.snapshots import Checkpoint, Snapshots
from rivulet.store.journal import Journal
from rivulet.totals import Totals

_NEWEST = 0.25  # weight of the newest snapshot in what one costs
_LARGE = 100_000  # bytes of a snapshot, from which on two states at once are worth the milliseconds of a collection
_SHARE = 0.1  # what a snapshot may cost of the work that it saves


class Sealed(NamedTuple):
    """A snapshot that is to be written.

    Attributes
    ----------
    totals
        Of the lessons that it was folded from.
    seconds
        How long sealing took.
    saves
        Seconds of folding that are saved by who opens it.
    """

    envelope: bytes
    totals: Totals
    seconds: float
    saves: float


class Keeping:
    """Keeps snapshots of the states of one model.

    Parameters
    ----------
    lessons
        How many of them stay in a journal behind the newest snapshot, at least; 0 for all.
    """

    def __init__(self, journal: Journal, snapshots: Snapshots, lessons: int) -> None:
        self._journal = journal
        self._snapshots = snapshots
        self._lessons = lessons

    def is_worth_it(self, desk: Desk, share: float = _SHARE) -> bool:
        """Whether folding again would cost much more than a snapshot does.

        Parameters
        ----------
        share
            What a snapshot may cost of the work that it saves.
        """
        return self._snapshots.enabled and share * desk.unsaved_seconds > desk.snapshot_seconds

    def save_if_worth(self, desk: Desk) -> None:
        """Write a snapshot if it is worth it."""
        if self.is_worth_it(desk):
            self.save(desk)

    def save(self, desk: Desk) -> None:
        """Write a snapshot of what is in none yet."""
        if not self._snapshots.enabled or not desk.unsaved_seconds or desk.state is None or not desk.state.n:
            return
        sealed = self.sealed(desk, desk.token)
        self.note(desk, sealed, self.written(desk.series_id, sealed))

    def sealed(self, desk: Desk, token: str) -> Sealed:
        """Seal a snapshot; the state on the desk is replaced by what is in it: see `lean_pickle`.

        Parameters
        ----------
        token
            Of the newest lesson that the state has learned, which may not be in the journal yet.
        """
        started = time.perf_counter()
        state = desk.require_state()
        totals, season = state.totals(token), state.season
        envelope = self._snapshots.seal(desk.series_id, Checkpoint(state, token))
        del state
        desk.state = None
        if len(envelope) > _LARGE:
            gc.collect()  # a forest's nodes know their parents, so that only this frees them; see `web.function`
        opened = self._snapshots.open(desk.series_id, envelope, season)
        desk.state = opened.state if opened else None
        return Sealed(envelope, totals, time.perf_counter() - started, desk.unsaved_seconds)

    def written(self, series_id: str, sealed: Sealed) -> float | None:
        """Write a snapshot, and return the seconds that it took in all; ``None`` if Redis could not take it."""
        started = time.perf_counter()
        try:
            self._journal.keep_snapshot(series_id, sealed.envelope, sealed.totals, self._lessons)
        except OutOfReach as problem:
            log.warning("no snapshot of %s: %s", series_id, problem.sentence)
            return None
        return sealed.seconds + time.perf_counter() - started

    def note(self, desk: Desk, sealed: Sealed, seconds: float | None) -> None:
        """Note what a snapshot cost that was written, and that what was learned before need not be folded again."""
        if seconds is not None:
            desk.snapshot_seconds += (seconds - desk.snapshot_seconds) * _NEWEST
            desk.unsaved_seconds -= sealed.saves
