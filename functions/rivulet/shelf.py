"""The states that a process holds in memory, one desk a series: who works at which, and which are put away."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from rivulet.desk import Desk
from rivulet.errors import Detour, OutOfReach
from rivulet.states import States


class Shelf:
    """A bounded number of desks; the least recently used is cleared first.

    Parameters
    ----------
    states
        Where states come from, and go to.
    most
        How many series are held at once.
    """

    def __init__(self, states: States, most: int) -> None:
        self.states = states
        self._most = most
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
                        self.states.settle(desk)
                    yield desk
                finally:
                    if desk.ahead:
                        desk.discard()
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

    def restore(self, series_id: str) -> None:
        """Have the state of a series in memory, before anybody asks for it."""
        with suppress(OutOfReach), self.desk(series_id) as desk:
            self.states.of(desk)

    def note(self, desk: Desk) -> bool:
        """Note, after a lesson, and say, whether `tidy` has metrics to show, or a snapshot to write."""
        untidy = self.states.is_untidy(desk)
        if untidy:
            self._untidy.add(desk.series_id)
        return untidy

    def tidy(self) -> None:
        """Write the metrics and snapshots that are due; on a thread, and on nobody's way."""
        with self._lock:
            noted, self._untidy = self._untidy, set()
        for desk in self._each(noted):
            self.states.show(desk)
            self.states.keeping.save_if_worth(desk)

    def show_all(self) -> None:
        """Write the metrics that are not in Redis yet."""
        for desk in self._each():
            self.states.show(desk)

    def put_away_all(self) -> None:
        """Write what is not in Redis yet: the process is told to stop."""
        newest = ""
        for desk in self._each():
            self.states.put_away(desk)
            newest = desk.series_id
        if newest:
            self.states.note_newest(newest)

    def _each(self, among: set[str] | None = None) -> Iterator[Desk]:
        """Work on each desk in turn; what is unsure while Redis is away is settled by whoever comes next."""
        with self._lock:
            known = [series_id for series_id in self._desks if among is None or series_id in among]
        for series_id in known:
            with suppress(OutOfReach), self.desk(series_id) as desk:
                yield desk

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
                self.states.put_away(desk)
        finally:
            desk.lock.release()
