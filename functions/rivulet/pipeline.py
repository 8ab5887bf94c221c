"""Lessons on the event loop: many under way at once, each answered when the journal took it.

The next lesson of a series is worked out on a state that the journal has not confirmed yet, and sent down the same
connection. Redis works in order, and refuses a lesson whose predecessor is not there. So if one is refused, or the
connection ends, all that followed it are refused, too: the state is reconciled with the journal, and each request goes
the ordinary way.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from rivulet.afterwards import Afterwards
from rivulet.desk import Desk
from rivulet.errors import Detour, OutOfReach
from rivulet.fold import State
from rivulet.learner import Learner
from rivulet.lessons import Lesson
from rivulet.shelf import Shelf
from rivulet.store.journal import Journal
from rivulet.straight import Pending, on_thread, pause
from rivulet.working_out import metrics_with, milliseconds, new_token, worked_out

_LOOKS = 20  # at a desk where somebody works, before it is left to the ordinary way
_LOOK_AGAIN = 0.001  # seconds


class Pipeline:
    """Learns what is usual: the next lesson of a series whose state is in memory.

    Parameters
    ----------
    ready
        Says whether lessons can be sent at present.
    forecast_steps
        Length of the forecast that is recorded with a lesson that has an observation's number.
    """

    def __init__(
        self, learner: Learner, journal: Journal, shelf: Shelf, ready: Callable[[], bool], forecast_steps: int
    ) -> None:
        self._learner = learner
        self._journal = journal
        self._shelf = shelf
        self._ready = ready
        self._steps = forecast_steps
        self._tidy = Afterwards(shelf.tidy)

    async def observe(self, series_id: str, seq: int, lags: list[float], target: float) -> Lesson:
        """Learn observation `seq`, if it is the next one.

        Raises
        ------
        Detour
            If it is not, or if the journal did not surely take it: the ordinary way finds out.
        """
        desk = self._at_hand(series_id) or await self._desk(series_id)
        with self._place(desk, seq) as place:
            lesson = worked_out(desk, lags, target, seq, self._steps)
            try:
                place.taken = await place.send(lesson)
            except (OutOfReach, ConnectionError):
                raise Detour from None
        if not place.taken:
            raise Detour
        return lesson

    async def teach(self, series_id: str, lags: list[float], target: float) -> Lesson:
        """Learn a lesson that was given directly, whatever its number; it is learned while Redis appends it.

        Raises
        ------
        Detour
            If the state is not in memory, or the journal has not taken the lesson.
        OutOfReach
            If Redis may still append the lesson.
        """
        unknown: Exception | None = None
        desk = self._at_hand(series_id) or await self._desk(series_id)
        with self._place(desk) as place:
            lesson = _predicted(place.state, lags, target)
            sent = place.send(lesson)
            desk.learn(lags, target, lesson.prediction, None, lesson.fallback)
            try:
                place.taken = await sent
            except (OutOfReach, ConnectionError) as problem:
                unknown = problem
        if place.taken or (unknown and await on_thread(self._learner.stands, series_id, lesson)):
            return lesson
        raise unknown if isinstance(unknown, OutOfReach) else Detour()

    def _at_hand(self, series_id: str) -> Desk | None:
        """Return a desk with its lock held; ``None`` while a thread works there."""
        if not self._ready():
            raise Detour
        return self._shelf.at_hand(series_id)

    async def _desk(self, series_id: str) -> Desk:
        """Wait a little until no thread works at a desk."""
        for _ in range(_LOOKS):
            await pause(_LOOK_AGAIN)
            desk = self._at_hand(series_id)
            if desk:
                return desk
        raise Detour

    def _place(self, desk: Desk, seq: int | None = None) -> _Place:
        """Open a place at the end of what is under way, for one lesson, if that is observation `seq` or any."""
        state = desk.state
        if state is None or not state.n or seq not in (None, state.seq + 1):
            desk.lock.release()
            raise Detour
        return _Place(self._journal, desk, state, self._taken)

    def _taken(self, desk: Desk) -> None:
        self._learner.tally.lessons += 1
        self._learner.tally.express += 1
        if self._shelf.note(desk):
            self._tidy.due()


class _Place:
    """A place for one lesson behind those that are under way; the desk's lock is held until it is left."""

    __slots__ = ("_desk", "_journal", "_lesson", "_shows", "_told", "state", "taken")

    def __init__(self, journal: Journal, desk: Desk, state: State, told: Callable[[Desk], None]) -> None:
        self.state = state
        self.taken = 0
        self._journal = journal
        self._desk = desk
        self._told = told
        self._lesson: Lesson | None = None
        self._shows = False

    def __enter__(self) -> Self:
        self._desk.ahead = True
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._leave()
            if self.taken and kind is None:
                self._told(self._desk)
        finally:
            self._desk.lock.release()

    def send(self, lesson: Lesson) -> Pending[int]:
        desk = self._desk
        base = (lesson.n - 1, desk.under_way[-1].token if desk.under_way else desk.token)
        metrics = metrics_with(self.state, lesson)
        sent = self._journal.commit_sent(desk.series_id, base, lesson, metrics)
        self._lesson, self._shows = lesson, bool(metrics)
        desk.under_way.append(lesson)
        return sent

    def _leave(self) -> None:
        desk, lesson = self._desk, self._lesson
        if lesson:
            desk.under_way.remove(lesson)
        if lesson and self.taken:
            desk.token = lesson.token
            desk.shown = lesson.n if self._shows else desk.shown
        else:
            desk.unsure = True
            desk.refused += [lesson] if lesson else []
        if not desk.under_way:
            desk.ahead = desk.unsure


def _predicted(state: State, lags: list[float], target: float) -> Lesson:
    started = time.perf_counter()
    prediction, fallback = state.assess(lags)
    took = milliseconds(time.perf_counter() - started)
    return Lesson(None, state.seq, lags, target, prediction, [], took, fallback, state.n + 1, new_token())
