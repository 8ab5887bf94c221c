"""Weights for forecasts that compete, by how near each of them came lately.

Weights that fall with a high power of a forecaster's discounted error: close to following the best one, but without
its jumps, and free of scale, unlike exponential weights, which need the size of the errors (N. Cesa-Bianchi,
G. Lugosi: Prediction, Learning, and Games, chapters 2.1, polynomial weights, and 2.11, discounted regret. 2006).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

POWER = 10
_DISCOUNT = 0.97
_LEAST = 1e-3  # of the largest weight: what is below has no say

Forecaster = TypeVar("Forecaster")


class Loss:
    """A discounted mean absolute error, unbiased from the first one on."""

    __slots__ = ("_sum", "_weight")

    def __init__(self) -> None:
        self._sum = 0.0
        self._weight = 0.0

    def add(self, error: float) -> None:
        """Take in one more error."""
        self._sum = self._sum * _DISCOUNT + error
        self._weight = self._weight * _DISCOUNT + 1.0

    @property
    def mean(self) -> float:
        """The mean, zero where there is none."""
        return self._sum / self._weight if self._weight else 0.0

    def to_json(self) -> list[float]:
        """Return what `from_json` restores."""
        return [self._sum, self._weight]

    @classmethod
    def from_json(cls, value: Sequence[float]) -> Loss:
        """Restore what `to_json` returned."""
        loss = cls()
        loss._sum, loss._weight = value
        return loss

    @property
    def known(self) -> bool:
        """Whether there was an error."""
        return self._weight > 0


def shares(competing: Sequence[tuple[Loss, Forecaster]], power: float = POWER) -> list[tuple[float, Forecaster]]:
    """Return each forecaster's weight; they add up to one, and forecasters without a say are left out.

    While no forecaster has an error, all count the same; later, those that have none do not count yet.

    Parameters
    ----------
    power
        With what power of a forecaster's error its weight falls.
    """
    # Much of a lesson's time is spent here: means are worked out without a call each.
    scored = [(loss._sum / loss._weight, forecaster) for loss, forecaster in competing if loss._weight]
    if not scored:
        return [(1 / len(competing), forecaster) for _, forecaster in competing]
    best = min([mean for mean, _ in scored])
    if best <= 0:
        perfect = [forecaster for mean, forecaster in scored if mean <= 0]
        return [(1 / len(perfect), forecaster) for forecaster in perfect]
    heard = [(weight, forecaster) for mean, forecaster in scored if (weight := (best / mean) ** power) >= _LEAST]
    total = sum([weight for weight, _ in heard])
    return [(weight / total, forecaster) for weight, forecaster in heard]
