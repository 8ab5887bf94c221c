"""A lesson: one predict-then-learn, as the journal has it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from rivulet.accuracy import Accuracy


@dataclass(frozen=True)
class Lesson:
    """What a model predicted and learned, in one step.

    Attributes
    ----------
    n
        The lesson's number in the journal, from 1.
    token
        Names this very lesson: a retried append is told from another pod's by it, and a journal that was replaced
        from the one that a state was folded from.
    seq
        The number of the observation in its series; ``None`` for a lesson that was given directly.
    top
        The largest observation number learned so far, this one included: grows with `n`, so that a lesson can be
        found by bisection.
    lags
        The features ``in_1 .. in_N``.
    forecast
        What the model, having learned, expects next.
    duration_ms
        How long predicting, learning and forecasting took.
    fallback
        Whether the prediction is the newest lag, since the model's own was not plausible.
    """

    n: int
    token: str
    seq: int | None
    top: int
    lags: list[float]
    target: float
    prediction: float
    forecast: list[float]
    duration_ms: float
    fallback: bool = False

    @property
    def error(self) -> float:
        """The absolute error."""
        return abs(self.target - self.prediction)

    def teaches_same(self, other: Lesson) -> bool:
        """Whether a state that learned this lesson equals one that learned the other."""
        return (self.n, self.seq, self.top, self.lags, self.target) == (
            other.n,
            other.seq,
            other.top,
            other.lags,
            other.target,
        )

    def encode(self) -> str:
        """Return the lesson as JSON; floats come back to the last bit. Number and token are kept beside it."""
        body: dict[str, Any] = {"seq": self.seq, "top": self.top, "lags": self.lags, "target": self.target}
        body |= {"prediction": self.prediction, "forecast": self.forecast, "duration_ms": self.duration_ms}
        if self.fallback:
            body["fallback"] = True
        return json.dumps(body, separators=(",", ":"))

    @classmethod
    def decode(cls, n: int, token: str, body: bytes) -> Lesson:
        """Restore what `encode` returned."""
        return cls(n=n, token=token, **json.loads(body))


def metrics_after(lesson: Lesson, accuracy: Accuracy, fallbacks: int = 0) -> dict[str, str]:
    """Return the metrics after a lesson, each as JSON: what the exporter, the ledger and people read."""
    values: dict[str, Any] = {"count": accuracy.count, "seq": lesson.top, "fallbacks": fallbacks}
    values |= accuracy.windows()
    values |= {f"{name}_all": value for name, value in accuracy.overall().items()}
    values |= {"last_prediction": lesson.prediction, "last_actual": lesson.target, "last_error": lesson.error}
    values["forecast"] = lesson.forecast
    return {name: repr(value) if type(value) is float else json.dumps(value) for name, value in values.items()}
