"""Working a lesson out: a state in memory predicts, learns and looks ahead; the journal is told afterwards."""

from __future__ import annotations

import itertools
import os
import time
from dataclasses import dataclass

from rivulet import tally
from rivulet.desk import Desk
from rivulet.fold import State
from rivulet.lessons import Lesson, metrics_after
from rivulet.store.journal import Metrics


@dataclass
class Tally:
    """What happened in this process; of the lessons so many on the express way."""

    lessons: int = 0
    express: int = 0
    duplicates: int = 0
    filled: int = 0
    conflicts: int = 0

    def refused(self) -> None:
        """Count lessons that the journal refused, as another pod's were there."""
        self.conflicts += 1
        tally.count("conflicts")


def worked_out(desk: Desk, lags: list[float], target: float, seq: int | None, steps: int) -> Lesson:
    """Have a desk's state predict, learn and forecast, and return the lesson.

    Parameters
    ----------
    steps
        Length of the forecast; 0 for none.
    """
    state = desk.require_state()
    started = time.perf_counter()
    prediction, fallback = state.assess(lags)
    predicted = time.perf_counter()
    state.learn(lags, target, prediction, seq, fallback)
    ended = time.perf_counter()
    desk.unsaved_seconds += ended - predicted
    forecast: list[float] = []
    if steps:
        forecast = state.forecast(state.next_lags, steps)
        ended = time.perf_counter()
    took = milliseconds(ended - started)
    return Lesson(seq, state.seq, lags, target, prediction, forecast, took, fallback, state.n, new_token())


def metrics_with(state: State, lesson: Lesson) -> Metrics:
    """Return the metrics that are committed with a state's newest lesson; none where it has no forecast."""
    if not lesson.forecast:
        return {}
    return metrics_after(state.accuracy, state.seq, lesson.forecast, state.fallbacks)


def milliseconds(seconds: float) -> float:
    """Return a duration as a lesson has it, to the microsecond."""
    return int(seconds * 1e6) / 1000


class _Names:
    """Names that no other process gives: what it drew at random, and a number."""

    def __init__(self) -> None:
        self.renew()

    def renew(self) -> None:
        """Begin with another random part: a process that was forked has its parent's."""
        self._drawn = os.urandom(8).hex()
        self._numbers = itertools.count()

    def next(self) -> str:
        return f"{self._drawn}{next(self._numbers):x}"


_names = _Names()
os.register_at_fork(after_in_child=_names.renew)


def new_token() -> str:
    """Return the name of a lesson, which no other has."""
    return _names.next()
