"""The anchor of a series: several exponential smoothings, weighted by how near each of them came lately."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from rivulet.anchors.season import LENGTHS, SeasonDetector
from rivulet.anchors.shares import Loss, shares
from rivulet.anchors.smoothing import Rates, Smoothing

MOST_VALUES = 5 * max(LENGTHS)

LEVELS = (
    Rates(1.0),  # the naive forecast
    Rates(0.3),
    Rates(0.1),
    Rates(1.0, 0.7, 0.0, 0.9),  # the newest value and the newest change
)
SEASONS = (
    Rates(0.05, 0.05, 0.25, 0.99),
    Rates(0.2, 0.03, 0.25, 0.98),
    Rates(0.5, 0.03, 0.25, 0.98),
    Rates(0.9, 0.03, 0.25, 0.98),
)
CHANGES = (
    Rates(0.0, 0.0, 1.0),  # last season's change
    Rates(0.0, 0.0, 0.3),  # the season's usual change
)
_MOST_EXPONENT = 700.0  # of a float
_WORST = 10.0  # times the usual error: what an outlier may cost


class Kind(NamedTuple):
    """What an anchor smooths (logarithms for ratios, changes for levels), how fast, and its season."""

    ratios: bool
    changes: bool
    rates: Rates
    period: int


class _Anchor:
    __slots__ = ("_kind", "_last", "_smoothing", "loss", "next")

    def __init__(self, kind: Kind, values: Sequence[float]) -> None:
        self._kind = kind
        self.loss = Loss()
        self.restart(values)

    def restart(self, values: Sequence[float]) -> None:
        """Begin anew, from all values that are kept; how good it was remains known."""
        scaled = [math.log(value) for value in values] if self._kind.ratios else values
        self._last = scaled[-1]
        if self._kind.changes:
            scaled = [after - before for before, after in itertools.pairwise(scaled)]
        self._smoothing = Smoothing(self._kind.rates, self._kind.period, scaled)
        self.next = self.path(1)[0]

    def path(self, steps: int) -> list[float]:
        """Return the forecasts of the next `steps` values."""
        found: Iterable[float] = self._smoothing.path(steps)
        if self._kind.changes:
            found = itertools.accumulate(found, initial=self._last)
            next(found)
        if not self._kind.ratios:
            return list(found)
        return [math.exp(_MOST_EXPONENT if value > _MOST_EXPONENT else value) for value in found]

    def learn(self, value: float, logarithm: float, most: float) -> None:
        """Take in the next value; an error of more than `most` counts as `most`."""
        error = abs(value - self.next)
        self.loss.add(most if most < error else error)
        ratios, changes, _, _ = self._kind
        scaled = logarithm if ratios else value
        if changes:
            coming = scaled + self._smoothing.learn(scaled - self._last)
            self._last = scaled
        else:
            coming = self._smoothing.learn(scaled)
        if ratios:
            coming = math.exp(_MOST_EXPONENT if coming > _MOST_EXPONENT else coming)
        self.next = coming


class Bank:
    """A fold of values into a forecast of the next ones.

    Anchors with a season join once one season was seen, and begin anew after two and three, from a better first
    guess. Anchors in ratios (a smoothing of logarithms) are there while all values are above zero.

    Parameters
    ----------
    season
        Its length, where it is known; else it is detected.

    Attributes
    ----------
    values
        The newest values, oldest first, at most twice `MOST_VALUES`.
    scale
        The anchor's usual absolute error.
    """

    __slots__ = (
        "_above_zero",
        "_ahead",
        "_anchors",
        "_detector",
        "_given",
        "_season",
        "_shares",
        "count",
        "scale",
        "values",
    )

    def __init__(self, season: int | None = None) -> None:
        self.values: list[float] = []
        self.scale = 0.0
        self.count = 0
        self._given = season
        self._detector = SeasonDetector()
        self._season = season or 1
        self._above_zero = True
        self._anchors: dict[Kind, _Anchor] = {}
        self._shares: list[tuple[float, _Anchor]] = []
        self._ahead = 0.0

    @property
    def season(self) -> int:
        """The season's length, 1 for none."""
        return self._season

    def ahead(self) -> float:
        """Return the forecast of the next value; there has to be one before it."""
        return self._ahead

    def path(self, steps: int) -> list[float]:
        """Return the forecasts of the next `steps` values."""
        found = [0.0] * steps
        for share, anchor in self._shares:
            for step, value in enumerate(anchor.path(steps)):
                found[step] += share * value
        return found

    def learn(self, value: float) -> None:
        """Take in the next value."""
        if self._shares:
            self._score(value)
        if value <= 0 and self._above_zero:
            self._above_zero = False
            self._anchors = {kind: anchor for kind, anchor in self._anchors.items() if not kind.ratios}
        most = _WORST * self.scale if self.scale else math.inf
        logarithm = math.log(value) if self._above_zero else math.nan
        for anchor in self._anchors.values():
            anchor.learn(value, logarithm, most)
        self._keep(value)
        self._renew()
        self._shares = shares([(anchor.loss, anchor) for anchor in self._anchors.values()])
        self._ahead = sum([share * anchor.next for share, anchor in self._shares])

    def _score(self, value: float) -> None:
        error = abs(value - self.ahead())
        if not self.scale:
            self.scale = error
            return
        error = min(error, _WORST * self.scale)
        self.scale += (error - self.scale) * max(0.03, 1 / self.count)

    def _keep(self, value: float) -> None:
        self.count += 1
        self.values.append(value)
        if len(self.values) > 2 * MOST_VALUES:
            del self.values[:MOST_VALUES]

    def _renew(self) -> None:
        """Let anchors join, begin anew or go."""
        found = self._season
        if self._given is None:
            self._detector.learn(self.values[-1])
            found = self._detector.season
        if found != self._season:
            self._season = found
            self._anchors = {kind: anchor for kind, anchor in self._anchors.items() if kind.period == 1}
            self._join()
        elif self.count == 1 or self.count == self._season + 1:
            self._join()
        elif self._season > 1 and self.count in (2 * self._season, 3 * self._season):
            for kind, anchor in self._anchors.items():
                if kind.period > 1:
                    anchor.restart(self.values)

    def _join(self) -> None:
        for kind in self._kinds():
            if kind not in self._anchors:
                self._anchors[kind] = self._joined(kind)

    def _kinds(self) -> Iterator[Kind]:
        season = self._season
        for ratios in (False, True) if self._above_zero else (False,):
            yield from (Kind(ratios, False, rates, 1) for rates in LEVELS)
            if 1 < season < len(self.values):
                yield from (Kind(ratios, False, rates, season) for rates in SEASONS)
                yield from (Kind(ratios, True, rates, season) for rates in CHANGES)

    def _joined(self, kind: Kind) -> _Anchor:
        """Return a new anchor, which is scored on what it would have said of the values that are kept."""
        values = self.values[-MOST_VALUES:]
        first = kind.period + kind.changes
        anchor = _Anchor(kind, values[:first])
        for value in values[first:]:
            anchor.learn(value, math.log(value) if kind.ratios else math.nan, math.inf)
        if len(values) >= 2 * kind.period > 2:
            anchor.restart(values)
        return anchor
