"""``POST /add`` without Redis: answered from memory, handed over in order once Redis is back."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict, deque
from dataclasses import dataclass

from rivulet.errors import OutOfReach, TryAgain
from rivulet.logs import log
from rivulet.store import Store
from rivulet.store.record import Appended, SeriesRecord

_LOOK_AGAIN = 0.5  # seconds between two looks whether Redis is back
_MOST_SERIES = 10_000
_MOST_WAITING = 100_000
_CLOSE_WITHIN = 20.0  # of the 25 that gunicorn leaves a worker; Knative may leave a pod less


@dataclass(frozen=True)
class Added:
    """A value that was added, and where it is: ``redis`` or ``memory``."""

    appended: Appended
    storage: str


@dataclass(frozen=True)
class _Waiting:
    series_id: str
    value: float
    identity: str


class Fallback:
    """Adds values to the record; holds them while the record is out of reach.

    A value that was answered from memory keeps its identity, so that handing it over twice adds it once. While
    anything waits, new values queue up behind it: the order is that of the answers.

    Parameters
    ----------
    n_lags
        How many past values a feature vector has.
    """

    def __init__(self, record: SeriesRecord, store: Store, n_lags: int) -> None:
        self._record = record
        self._store = store
        self._n_lags = n_lags
        self._lock = threading.RLock()
        self._waiting: deque[_Waiting] = deque()
        self._held: dict[str, Added] = {}
        self._known: OrderedDict[str, tuple[int, list[float]]] = OrderedDict()
        self._connected: bool | None = None
        self._courier: threading.Thread | None = None

    def add(self, series_id: str, value: float, identity: str) -> Added:
        """Add a value.

        Raises
        ------
        TryAgain
            If Redis has been away for so long that no more can be held.
        """
        with self._lock:
            if self._connected is not False and not self._waiting:
                try:
                    appended = self._append(series_id, value, identity)
                except OutOfReach as problem:
                    self._lost(problem)
                else:
                    self._found()
                    self._remember(series_id, appended.seq, [value, *appended.past])
                    return Added(appended, "redis")
            return self._hold(_Waiting(series_id, value, identity))

    def hand_over(self) -> None:
        """Add to the record what waits, oldest first.

        Raises
        ------
        OutOfReach
            If Redis is still away.
        """
        with self._lock:
            handed_over: dict[str, Appended] = {}
            while self._waiting:
                oldest = self._waiting[0]
                handed_over[oldest.series_id] = self._append(oldest.series_id, oldest.value, oldest.identity)
                self._waiting.popleft()
                del self._held[oldest.identity]
            for series_id, newest in handed_over.items():
                self._remember(series_id, newest.seq, [newest.value, *newest.past])

    @property
    def holds(self) -> bool:
        """Whether anything waits for Redis."""
        return bool(self._waiting)

    def close(self) -> None:
        """Try for some seconds to hand over what waits; log what could not be."""
        deadline = time.monotonic() + _CLOSE_WITHIN
        while self._waiting and time.monotonic() < deadline:
            try:
                self.hand_over()
            except OutOfReach:
                time.sleep(_LOOK_AGAIN)
        if self._waiting:
            log.error("stopped with %d values that Redis never took", len(self._waiting))

    def _append(self, series_id: str, value: float, identity: str) -> Appended:
        return self._record.append(
            series_id, value, identity=identity, sequence=None, meta={}, n_lags=self._n_lags, patience=0.0
        )

    def _hold(self, waiting: _Waiting) -> Added:
        if waiting.identity in self._held:
            return self._held[waiting.identity]
        if len(self._waiting) >= _MOST_WAITING:
            raise TryAgain(f"Redis is away and {_MOST_WAITING} values wait for it already", retry_after=5)
        seq, newest = self._known.get(waiting.series_id, (0, []))
        past = newest[: self._n_lags]
        self._waiting.append(waiting)
        self._remember(waiting.series_id, seq + 1, [waiting.value, *past])
        if self._courier is None or not self._courier.is_alive():
            self._courier = threading.Thread(target=self._carry, name="courier", daemon=True)
            self._courier.start()
        self._held[waiting.identity] = Added(Appended("new", seq + 1, waiting.value, past), "memory")
        return self._held[waiting.identity]

    def _carry(self) -> None:
        """Look whether Redis is back, until nothing waits."""
        while True:
            time.sleep(_LOOK_AGAIN)
            if not self._store.reachable():
                continue
            try:
                self.hand_over()
            except OutOfReach:
                continue
            with self._lock:
                if not self._waiting:
                    self._courier = None
                    self._found()
                    return

    def _remember(self, series_id: str, seq: int, newest: list[float]) -> None:
        self._known[series_id] = (seq, newest[: self._n_lags])
        self._known.move_to_end(series_id)
        if len(self._known) > _MOST_SERIES:
            self._known.popitem(last=False)

    def _lost(self, problem: OutOfReach) -> None:
        if self._connected is not False:
            log.warning("REDIS UNAVAILABLE: values are held in memory: %s", problem.sentence)
        self._connected = False

    def _found(self) -> None:
        if self._connected is not True:
            log.info("REDIS CONNECTED")
        self._connected = True
