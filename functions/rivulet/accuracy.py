"""How good the predictions of a series are: over all of it, and over its newest few."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable, Sequence
from typing import Any

WINDOWS = (5, 10, 20)
MEASURES = ("mae", "mse", "rmse", "mape")
_WINDOWED = {size: tuple(f"{name}_{size}" for name in MEASURES) for size in WINDOWS}


class Accuracy:
    """A fold of (target, prediction) pairs.

    The windows are computed from the pairs themselves: a rolling sum that adds and subtracts drifts.
    """

    __slots__ = ("_absolute", "_relative", "_relative_count", "_squared", "count", "pairs")

    def __init__(self) -> None:
        self.count = 0
        self.pairs: deque[tuple[float, float]] = deque(maxlen=max(WINDOWS))
        self._absolute = 0.0
        self._squared = 0.0
        self._relative = 0.0
        self._relative_count = 0

    def add(self, target: float, prediction: float) -> None:
        """Take one more pair."""
        error = abs(target - prediction)
        self.count += 1
        self.pairs.append((target, prediction))
        self._absolute += error
        self._squared += error * error
        if target:
            self._relative += error / abs(target)
            self._relative_count += 1

    def overall(self) -> dict[str, float | None]:
        """Return MAE, MSE, RMSE and MAPE (in percent) over all pairs; null where there is none."""
        if not self.count:
            return dict.fromkeys(MEASURES)
        mse = self._squared / self.count
        mape = 100 * self._relative / self._relative_count if self._relative_count else None
        return {"mae": self._absolute / self.count, "mse": mse, "rmse": math.sqrt(mse), "mape": mape}

    def windows(self) -> dict[str, float | None]:
        """Return ``mae_5`` to ``mape_20``."""
        errors = _Errors(self.pairs)
        found: dict[str, float | None] = {}
        for size, names in _WINDOWED.items():
            found.update(zip(names, errors.newest(size), strict=True))
        return found

    def to_json(self) -> dict[str, Any]:
        """Return what `from_json` restores, to the last bit."""
        sums = [self.count, self._absolute, self._squared, self._relative, self._relative_count]
        return {"sums": sums, "pairs": list(self.pairs)}

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Accuracy:
        """Restore what `to_json` returned."""
        accuracy = cls()
        accuracy.count, accuracy._absolute, accuracy._squared, accuracy._relative, accuracy._relative_count = value[
            "sums"
        ]
        accuracy.pairs.extend(_pairs(value["pairs"]))
        return accuracy


class _Errors:
    """The errors of (target, prediction) pairs, worked out once for all windows."""

    def __init__(self, pairs: Iterable[tuple[float, float]]) -> None:
        self._absolute = [abs(target - prediction) for target, prediction in pairs]
        self._squared = [error * error for error in self._absolute]
        targets = [target for target, _ in pairs]
        self._relative = [
            error / abs(target) if target else None for error, target in zip(self._absolute, targets, strict=True)
        ]

    def newest(self, size: int) -> tuple[float | None, ...]:
        """Return MAE, MSE, RMSE and MAPE (in percent, over targets other than zero) of the newest pairs."""
        absolute, relative = self._absolute[-size:], self._relative[-size:]
        count = len(absolute)
        if not count:
            return (None,) * len(MEASURES)
        if None in relative:
            relative = [error for error in relative if error is not None]
        mse = sum(self._squared[-size:]) / count
        mape = 100 * sum(relative) / len(relative) if relative else None  # type: ignore[arg-type]
        return sum(absolute) / count, mse, math.sqrt(mse), mape


def measure(pairs: Sequence[tuple[float, float]]) -> dict[str, float | None]:
    """Return MAE, MSE, RMSE and MAPE of (target, prediction) pairs; null where there is none."""
    return dict(zip(MEASURES, _Errors(pairs).newest(len(pairs)), strict=True))


def _pairs(value: Iterable[Sequence[float]]) -> Iterable[tuple[float, float]]:
    return ((target, prediction) for target, prediction in value)
