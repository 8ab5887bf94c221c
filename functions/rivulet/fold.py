"""A model's state for one series: a deterministic fold of its lessons.

No clock, no environment, no random number that is not seeded: whoever folds the same lessons has the same state,
to the last bit.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Sequence
from typing import Any

from rivulet.accuracy import Accuracy
from rivulet.lags import named, shifted
from rivulet.models import Definition

PLAUSIBLE = 1e18  # a thousand times the largest value that is let in


class State:
    """What a model knows of a series.

    Parameters
    ----------
    definition
        The model's recipe.

    Attributes
    ----------
    n
        How many lessons were learned.
    seq
        The largest number among the observations that were learned.
    next_lags
        The features of the observation that comes after the newest one.
    """

    def __init__(self, definition: Definition) -> None:
        self._model = definition.build()
        self.n = 0
        self.seq = 0
        self.next_lags: list[float] = []
        self.accuracy = Accuracy()

    def predict(self, lags: Sequence[float]) -> float:
        """Predict what follows the lags, without learning anything.

        Untrained, or where the model's answer is no plausible number, the newest lag is the prediction.
        """
        if not self.n:
            return lags[0]
        try:
            prediction: Any = self._model.predict_one(named(lags))
            value = math.nan if prediction is None else float(prediction)
        except (ArithmeticError, ValueError):
            value = math.nan
        return value if abs(value) <= PLAUSIBLE else lags[0]

    def forecast(self, lags: Sequence[float], steps: int) -> list[float]:
        """Predict recursively: each prediction becomes the newest lag of the next.

        Parameters
        ----------
        lags
            The features of the first step.
        steps
            How many predictions to return.
        """
        values: list[float] = []
        for _ in range(steps):
            value = self.predict(lags)
            values.append(value)
            lags = shifted(lags, value)
        return values

    def learn(self, lags: Sequence[float], target: float, prediction: float, seq: int | None) -> None:
        """Learn one lesson.

        A model that diverged so far that its arithmetic fails keeps what it has: the same everywhere, as it
        depends on the lessons alone.
        """
        with contextlib.suppress(ArithmeticError, ValueError):
            self._model.learn_one(named(lags), target)
        self.accuracy.add(target, prediction)
        self.n += 1
        self.seq = self.seq if seq is None else max(self.seq, seq)
        self.next_lags = shifted(lags, target)
