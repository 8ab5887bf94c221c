"""A model's state for one series: a deterministic fold of its lessons.

No clock, no environment, no random number that is not seeded: whoever folds the same lessons has the same state,
to the last bit.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from rivulet.accuracy import Accuracy
from rivulet.by_lags import by_lags
from rivulet.lags import shifted
from rivulet.models import Definition, Forecaster
from rivulet.plausible import PlausibleRange
from rivulet.totals import Totals


class State:
    """What a model knows of a series.

    Parameters
    ----------
    definition
        The model's recipe.
    season
        Length of the season, where a user has given one.
    totals
        Of the lessons before the first one that the model will learn.

    Attributes
    ----------
    n
        Number of the newest lesson that was learned.
    seq
        The largest number among the observations that were learned.
    next_lags
        The features of the observation that comes after the newest one.
    fallbacks
        How many predictions were the newest lag because the model's own was not plausible.
    """

    __slots__ = (
        "_expected",
        "_looks_ahead",
        "_model",
        "_range",
        "_trained",
        "accuracy",
        "fallbacks",
        "n",
        "next_lags",
        "season",
        "seq",
    )

    def __init__(self, definition: Definition, season: int | None = None, totals: Totals | None = None) -> None:
        totals = totals or Totals()
        regressor = definition.build(season)
        self._model = by_lags(regressor)
        self._looks_ahead = isinstance(regressor, Forecaster)
        self._trained = False
        self._expected: tuple[Sequence[float], float, bool] | None = None  # what was assessed last
        self.season = season
        self._range = PlausibleRange(totals.newest)
        self.n = totals.n
        self.seq = totals.seq
        self.next_lags = totals.next_lags
        self.accuracy = Accuracy.from_json(totals.accuracy) if totals.accuracy else Accuracy()
        self.fallbacks = totals.fallbacks

    def __getstate__(self) -> tuple[None, dict[str, Any]]:
        """Leave out what is only there to be asked again."""
        return None, {name: None if name == "_expected" else getattr(self, name) for name in self.__slots__}

    def totals(self, token: str) -> Totals:
        """Return the totals; `token` is that of the newest lesson."""
        sums = self.accuracy.to_json()
        return Totals(self.n, token, self.seq, self.fallbacks, sums, self._range.newest, self.next_lags)

    def predict(self, lags: Sequence[float]) -> float:
        """Predict what follows the lags, without learning anything.

        Untrained, or where the model's answer is not plausible, the newest lag is the prediction.
        """
        return self.assess(lags)[0]

    def assess(self, lags: Sequence[float]) -> tuple[float, bool]:
        """Predict, and say whether the newest lag had to stand in for the model's answer.

        As a rule the lags are those that the forecast after the lesson before began with: what it found is known yet.
        """
        if not self._trained:
            return lags[0], False
        if self._expected and self._expected[0] == lags:
            return self._expected[1:]
        value = self._ask(lags)
        return (value, False) if self._range.holds(value, lags) else (lags[0], True)

    def forecast(self, lags: Sequence[float], steps: int) -> list[float]:
        """Predict several steps: each prediction becomes the newest lag of the next.

        A step that is not plausible repeats the one before it.

        Parameters
        ----------
        lags
            The features of the first step.
        steps
            How many predictions to return.
        """
        if not self._trained:
            return [lags[0]] * steps
        least, most = self._range.around(lags)
        if self._looks_ahead:
            values = self._ask_ahead(lags, steps)
            self._expect(lags, values[0], least, most)
            for step, value in enumerate(values):
                if not least <= value <= most:
                    values[step] = values[step - 1] if step else lags[0]
            return values
        values = []
        for step in range(steps):
            value = self._ask(lags)
            if not step:
                self._expect(lags, value, least, most)
            values.append(value if least <= value <= most else lags[0])
            lags = shifted(lags, values[-1])
        return values

    def _expect(self, lags: Sequence[float], value: float, least: float, most: float) -> None:
        fallback = not least <= value <= most
        self._expected = lags, lags[0] if fallback else value, fallback

    def _ask_ahead(self, lags: Sequence[float], steps: int) -> list[float]:
        try:
            return self._model.forecast_after(lags, steps)
        except (ArithmeticError, ValueError):
            return [math.nan] * steps

    def _ask(self, lags: Sequence[float]) -> float:
        try:
            prediction = self._model.predict_after(lags)
            return math.nan if prediction is None else float(prediction)
        except (ArithmeticError, ValueError):
            return math.nan

    def learn(
        self, lags: Sequence[float], target: float, prediction: float, seq: int | None, fallback: bool = False
    ) -> None:
        """Learn one lesson.

        A model that diverged so far that its arithmetic fails keeps what it has: the same everywhere, as it
        depends on the lessons alone.
        """
        try:  # noqa: SIM105 - contextlib.suppress costs a hundredth of a lesson
            self._model.learn_after(lags, target)
        except (ArithmeticError, ValueError):
            pass
        self._trained = True
        self._expected = None
        self._range.add(target)
        self.accuracy.add(target, prediction)
        self.fallbacks += fallback
        self.n += 1
        if seq is not None and seq > self.seq:
            self.seq = seq
        self.next_lags = shifted(lags, target)
