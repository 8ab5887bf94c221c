"""When a snapshot is written: as soon as folding again would cost much more, by what both were seen to cost.

A snapshot is sealed where the state is at hand. It may be written later, when the journal has what it holds.
"""

from __future__ import annotations

import gc
import time
from typing import NamedTuple

from rivulet.desk import Desk
from rivulet.errors import OutOfReach
from rivulet.fold import State
from rivulet.logs import log
from rivulet.snapshots import Checkpoint, Snapshots
from rivulet.store.kept_snapshots import KeptSnapshots
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
        How long sealing took, and reading it back where that was done.
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

    def __init__(self, kept: KeptSnapshots, snapshots: Snapshots, lessons: int) -> None:
        self._kept = kept
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
        """Write a snapshot if it is worth it, and go on with the state that is in it."""
        if self.is_worth_it(desk):
            sealed = self.renewed(desk, desk.token)
            self.note(desk, sealed, self.written(desk.series_id, sealed))

    def save(self, desk: Desk) -> None:
        """Write a snapshot of what is in none yet; the state is not worked on any more."""
        if self._snapshots.enabled and desk.unsaved_seconds and desk.state is not None and desk.state.n:
            sealed = self._sealed(desk, desk.state, desk.token)
            self.note(desk, sealed, self.written(desk.series_id, sealed))

    def renewed(self, desk: Desk, token: str) -> Sealed:
        """Seal a snapshot, and replace the state on the desk by what is in it: see `lean_pickle`.

        Parameters
        ----------
        token
            Of the newest lesson that the state has learned, which may not be in the journal yet.

        Raises
        ------
        RuntimeError
            If the snapshot is of no use. None is written then, and no state is in memory.
        """
        started = time.perf_counter()
        sealed, season = self._sealed(desk, desk.require_state(), token), desk.require_state().season
        desk.state = None
        if len(sealed.envelope) > _LARGE:
            gc.collect()  # a forest's nodes know their parents, so that only this frees them; see `web.function`
        opened = self._snapshots.open(desk.series_id, sealed.envelope, season)
        if not opened:
            raise RuntimeError(f"the snapshot of {desk.series_id} that was sealed just now cannot be opened")
        desk.state = opened.state
        return sealed._replace(seconds=time.perf_counter() - started)

    def _sealed(self, desk: Desk, state: State, token: str) -> Sealed:
        started = time.perf_counter()
        envelope = self._snapshots.seal(desk.series_id, Checkpoint(state, token))
        return Sealed(envelope, state.totals(token), time.perf_counter() - started, desk.unsaved_seconds)

    def written(self, series_id: str, sealed: Sealed) -> float | None:
        """Write a snapshot, and return the seconds that it took in all; ``None`` if Redis could not take it."""
        started = time.perf_counter()
        try:
            self._kept.keep(series_id, sealed.envelope, sealed.totals, self._lessons)
        except OutOfReach as problem:
            log.warning("no snapshot of %s: %s", series_id, problem.sentence)
            return None
        return sealed.seconds + time.perf_counter() - started

    def note(self, desk: Desk, sealed: Sealed, seconds: float | None) -> None:
        """Note what a snapshot cost that was written, and that what was learned before need not be folded again."""
        if seconds is not None:
            desk.snapshot_seconds += (seconds - desk.snapshot_seconds) * _NEWEST
            desk.unsaved_seconds -= sealed.saves
