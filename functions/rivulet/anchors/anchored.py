"""A regressor that learns what the anchor of a series misses, and is heard as far as that helps."""

from __future__ import annotations

import math
from collections import deque
from typing import Any, NamedTuple

from rivulet.anchors.bank import Bank
from rivulet.anchors.inputs import clipped, inputs
from rivulet.anchors.season import LENGTHS
from rivulet.anchors.shares import Loss, shares
from rivulet.models import Regressor

_UNHEARD = 10  # lessons that a learner gets before it is listened to
_BOLDEST = 4.0  # usual errors that a learner may move the anchor
_HEARD = (0.0, 0.5, 1.0)  # shares of what the learner says, which compete
_COMPARED = 64  # lags, at most, that tell whether they continue the series


class _Position(NamedTuple):
    """Where lags stand: so many steps beyond the newest value, or moved away from it."""

    beyond: int
    moved: float
    values: list[float]


class _Asked(NamedTuple):
    """What was said last of the next value: most of a lesson is done by who predicted it first."""

    lags: list[float]
    moved: float
    seen: dict[str, float]
    said: float


class Anchored:
    """An anchor, and a learner of its errors.

    The lags that it is given are the newest values, as a rule. A forecast of several steps asks with lags of which
    the first few are predictions: the anchor then looks as many steps further ahead. Lags that do not continue the
    series move the anchor to the level of the newest lag.

    Parameters
    ----------
    learner
        A regressor, which is given scale-free features and targets.
    season
        Length of the season, where it is known; else it is detected.
    """

    __slots__ = ("_asked", "_bank", "_errors", "_heard", "_learner", "_lessons", "_losses")

    def __init__(self, learner: Regressor, season: int | None = None) -> None:
        self._learner = learner
        self._bank = Bank(season)
        self._errors: deque[float] = deque(maxlen=max(LENGTHS))
        self._lessons = 0
        self._losses = tuple(Loss() for _ in _HEARD)
        self._heard = 0.0
        self._asked: _Asked | None = None

    def __getstate__(self) -> tuple[None, dict[str, Any]]:
        """Leave out what was only asked."""
        return None, {name: None if name == "_asked" else getattr(self, name) for name in self.__slots__}

    @property
    def season(self) -> int:
        """Length of the season, given or found; 1 for none."""
        return self._bank.season

    def predict_one(self, x: dict[str, float]) -> float:
        """Predict what follows the lags ``in_1`` (newest) to ``in_N``."""
        return self.forecast_after(list(x.values()), 1)[0]

    def learn_one(self, x: dict[str, float], y: float) -> None:
        """Learn that `y` followed the lags."""
        self.learn_after(list(x.values()), y)

    def forecast_from(self, x: dict[str, float], steps: int) -> list[float]:
        """Predict recursively, each prediction being the newest lag of the next."""
        return self.forecast_after(list(x.values()), steps)

    def predict_after(self, lags: list[float]) -> float:
        """Predict what follows the lags, newest first."""
        return self.forecast_after(lags, 1)[0]

    def forecast_after(self, lags: list[float], steps: int) -> list[float]:
        """Predict recursively what follows the lags, newest first."""
        if not self._bank.count:
            return [lags[0]] * steps
        beyond, moved, values = self._position(lags)
        last = beyond + steps
        anchors = self._bank.path(last) if last > 1 else [0.0]
        anchors[0] = self._bank.ahead()
        found: list[float] = []
        for step in range(beyond, last):
            prediction = anchors[step] + moved
            if self._lessons >= _UNHEARD and self._heard and self._bank.scale:
                seen = self._seen(values, step)
                said = self._said(seen)
                if not step:
                    self._asked = _Asked(lags, moved, seen, said)
                prediction += self._heard * said * self._bank.scale
            found.append(prediction)
            values.append(prediction)
        return found

    def learn_after(self, lags: list[float], y: float) -> None:
        """Learn that `y` followed the lags, newest first."""
        bank = self._bank
        if not bank.count:
            for value in reversed(_known(lags)):
                bank.learn(value)
        if bank.count:
            asked = self._asked if self._asked and self._asked.lags == lags else self._ask_again(lags)
            error = (y - (bank.ahead() + asked.moved)) / bank.scale if bank.scale else 0.0
            if bank.scale:
                self._learn_error(asked.seen, asked.said, error)
            self._errors.append(error)
        self._asked = None
        bank.learn(y)

    def _ask_again(self, lags: list[float]) -> _Asked:
        _, moved, values = self._position(lags, most=0)
        if not self._bank.scale:
            return _Asked(lags, moved, {}, 0.0)
        seen = self._seen(values, 0)
        return _Asked(lags, moved, seen, self._said(seen))

    def _learn_error(self, seen: dict[str, float], said: float, error: float) -> None:
        target = clipped(error)
        for share, loss in zip(_HEARD, self._losses, strict=True):
            loss.add(abs(target - share * said))
        weighed = shares(list(zip(self._losses, _HEARD, strict=True)))
        self._heard = sum(weight * share for weight, share in weighed)
        self._learner.learn_one(seen, target)
        self._lessons += 1

    def _position(self, lags: list[float], most: int | None = None) -> _Position:
        """Find where the lags stand; the first `most` of them, at most, may be predictions."""
        values = self._bank.values
        reach = 2 * self._bank.season + _COMPARED
        for beyond in range((len(lags) if most is None else most) + 1):
            if lags[beyond : beyond + 1] == values[-1:] and _continue(lags[beyond : beyond + _COMPARED], values):
                return _Position(beyond, 0.0, values[-reach:] + lags[:beyond][::-1])
        known = _known(lags)
        before = values[-reach : -len(known)] if known else values[-reach:]
        return _Position(0, lags[0] - values[-1], before + known[::-1])

    def _seen(self, values: list[float], beyond: int) -> dict[str, float]:
        errors = [*self._errors, *[0.0] * beyond] if beyond else self._errors
        return inputs(values, self._bank.season, self._bank.scale, errors)

    def _said(self, seen: dict[str, float]) -> float:
        """Return what the learner says, in units of the anchor's usual error; nothing while it has learned nothing."""
        if not self._lessons:
            return 0.0
        said: Any = self._learner.predict_one(seen)
        said = 0.0 if said is None else float(said)
        return clipped(said, _BOLDEST) if math.isfinite(said) else 0.0


def _continue(lags: list[float], values: list[float]) -> bool:
    """Whether the lags are the newest of the values, with zeros where there are no more."""
    newest = values[: -len(lags) - 1 : -1]
    return lags[: len(newest)] == newest and not any(lags[len(newest) :])


def _known(lags: list[float]) -> list[float]:
    """Return the lags without the zeros at their end, which stand for values that there are not."""
    count = len(lags)
    while count and not lags[count - 1]:
        count -= 1
    return lags[:count]
