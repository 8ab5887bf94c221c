"""What a series makes plausible: a learner that diverged is not believed."""

from __future__ import annotations

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

    def __init__(self, newest: Iterable[float] = ()) -> None:
        self._values: deque[float] = deque(newest, maxlen=_WINDOW)

    @property
    def newest(self) -> list[float]:
        """The values that it rests on, oldest first."""
        return list(self._values)

    def add(self, value: float) -> None:
        """Take in the next value."""
        self._values.append(value)

    def around(self, lags: Sequence[float]) -> tuple[float, float]:
        """Return the least and the largest plausible value of what follows the lags.

        The lags widen the range: they may come from elsewhere than the newest values.
        """
        low = min(min(self._values, default=lags[0]), min(lags))
        high = max(max(self._values, default=lags[0]), max(lags))
        room = _SPANS * (high - low) + _ROUNDING * max(abs(low), abs(high))
        return low - room, high + room
