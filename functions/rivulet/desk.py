"""A desk: what a process holds of one series, and the lock of whoever works on it."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from rivulet.fold import State
from rivulet.lessons import Lesson

_FIRST_COST = 0.005  # seconds that a snapshot takes, until one was measured


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
        What a snapshot costs, from the newest few.
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

    def learn(self, lags: Sequence[float], target: float, prediction: float, seq: int | None, fallback: bool) -> None:
        """Have the state learn, and count what it would cost to fold it again."""
        started = time.perf_counter()
        self.require_state().learn(lags, target, prediction, seq, fallback)
        self.unsaved_seconds += time.perf_counter() - started

    def discard(self) -> None:
        """Forget the state; the next one who needs it folds it anew."""
        self.state = None
        self.ahead = False

    def committed(self, token: str) -> None:
        """Note that the journal ends where the state does."""
        self.token = token
        self.ahead = False
