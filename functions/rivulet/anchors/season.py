"""The length of a series' season, found while it arrives.

A season shows in the changes from one value to the next: those of one season ago are like those of today. Their mean
distance, relative to their own mean size, is near the root of two for changes that have nothing to do with each other,
and near zero for a strict season. (Levels would not do: any two neighbouring seasons of a trend are alike.)
"""

from __future__ import annotations

from collections import deque

LENGTHS = (4, 7, 12, 24, 52)
_DISCOUNT = 0.99  # a season may come, go or change
_SEASONAL = 1.15  # relative distance below which there is a season
_NO_MORE = 1.3  # and above which a season that there was is gone
_MULTIPLE = 1.5  # how much nearer than a season itself a multiple of it has to be


class SeasonDetector:
    """A fold of values into the length of their season.

    Attributes
    ----------
    season
        The length found, 1 for none.
    """

    __slots__ = ("_changes", "_distances", "_last", "_mean", "season")

    def __init__(self) -> None:
        self.season = 1
        self._last: float | None = None
        self._mean = _Mean()
        self._changes: deque[tuple[float, float]] = deque(maxlen=max(LENGTHS))
        self._distances = {length: (_Mean(), _Mean()) for length in LENGTHS}

    def learn(self, value: float) -> None:
        """Take in the next value."""
        if self._last is not None:
            self._learn_change(value - self._last)
            self.season = self._found()
        self._last = value

    def _learn_change(self, change: float) -> None:
        self._mean.add(change)
        size = abs(change - self._mean.value)
        changes = self._changes
        known = len(changes)
        for length, (distance, sizes) in self._distances.items():
            if known >= length:
                then, size_then = changes[-length]
                distance.add(abs(change - then))
                sizes.add((size + size_then) / 2)
        changes.append((change, size))

    def _found(self) -> int:
        ratios = {
            length: distance.value / size
            for length, (distance, sizes) in self._distances.items()
            if distance.count > length and (size := sizes.value) > 0
        }
        best = 1
        for length, ratio in ratios.items():
            known = _NO_MORE if length == self.season else _SEASONAL
            if ratio >= known:
                continue
            if best == 1 or ratio * (_MULTIPLE if length % best == 0 else 1.0) < ratios[best]:
                best = length
        return best


class _Mean:
    """A discounted mean, unbiased from the first value on."""

    __slots__ = ("_sum", "_weight", "count")

    def __init__(self) -> None:
        self.count = 0
        self._sum = 0.0
        self._weight = 0.0

    def add(self, value: float) -> None:
        self.count += 1
        self._sum = self._sum * _DISCOUNT + value
        self._weight = self._weight * _DISCOUNT + 1.0

    @property
    def value(self) -> float:
        return self._sum / self._weight if self._weight else 0.0
