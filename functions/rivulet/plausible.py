"""What a series makes plausible: a learner that diverged is not believed."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable, Sequence

_WINDOW = 100
_SPANS = 3.0  # how far outside what was seen, in widths of what was seen
_ROUNDING = 1e-6  # of the largest value: a constant series has no width


class PlausibleRange:
    """A fold of a series' newest values into the range that its next ones may be in.

    Parameters
    ----------
    newest
        Values to begin with, oldest first.
    """

    __slots__ = ("_high", "_low", "_values")

    def __init__(self, newest: Iterable[float] = ()) -> None:
        self._values: deque[float] = deque(maxlen=_WINDOW)
        self._low, self._high = math.inf, -math.inf
        for value in newest:
            self.add(value)

    @property
    def newest(self) -> list[float]:
        """The values that it rests on, oldest first."""
        return list(self._values)

    def add(self, value: float) -> None:
        """Take in the next value; the least and the largest are searched again only where one of them falls out."""
        values = self._values
        falls_out = values[0] if len(values) == _WINDOW else None
        values.append(value)
        if falls_out is not None and not self._low < falls_out < self._high:
            self._low, self._high = min(values), max(values)
            return
        if value < self._low:
            self._low = value
        if value > self._high:
            self._high = value

    def holds(self, value: float, lags: Sequence[float]) -> bool:
        """Whether the value is a plausible one of what follows the lags; what is not a number never is."""
        if self._low <= value <= self._high:  # as nearly always: the lags only widen the range
            return True
        low, high = self.around(lags)
        return low <= value <= high

    def around(self, lags: Sequence[float]) -> tuple[float, float]:
        """Return the least and the largest plausible value of what follows the lags.

        The lags widen the range: they may come from elsewhere than the newest values.
        """
        low, high = min(self._low, *lags), max(self._high, *lags)
        room = _SPANS * (high - low) + _ROUNDING * max(abs(low), abs(high))
        return low - room, high + room
