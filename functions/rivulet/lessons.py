"""A lesson: one predict-then-learn, as the journal has it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec.structs import force_setattr

from rivulet.accuracy import Accuracy


class Lesson(msgspec.Struct, frozen=True):
    """What a model predicted and learned, in one step.

    Attributes
    ----------
    seq
        The number of the observation in its series; ``None`` for a lesson that was given directly.
    top
        The largest observation number learned so far, this one included: grows with `n`, so that a lesson can be
        found by bisection.
    lags
        The features ``in_1 .. in_N``.
    forecast
        What the model, having learned, expects next; empty where nobody asked.
    duration_ms
        How long predicting, learning and forecasting took.
    fallback
        Whether the prediction is the newest lag, since the model's own was not plausible.
    n
        The lesson's number in the journal, from 1.
    token
        Names this very lesson: a retried append is told from another pod's by it, and a journal that was replaced
        from the one that a state was folded from.
    """

    seq: int | None
    top: int
    lags: list[float]
    target: float
    prediction: float
    forecast: list[float]
    duration_ms: float
    fallback: bool = False
    n: int = 0
    token: str = ""

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

    def encode(self) -> bytes:
        """Return the lesson as JSON; floats come back to the last bit. Number and token are kept beside it."""
        body: dict[str, Any] = {
            "seq": self.seq,
            "top": self.top,
            "lags": self.lags,
            "target": self.target,
            "prediction": self.prediction,
            "forecast": self.forecast,
            "duration_ms": self.duration_ms,
        }
        if self.fallback:
            body["fallback"] = True
        return _encode(body)

    @classmethod
    def decode(cls, n: int, token: str, body: bytes) -> Lesson:
        """Restore what `encode` returned."""
        lesson = _decode(body)
        force_setattr(lesson, "n", n)
        force_setattr(lesson, "token", token)
        return lesson


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Lesson).decode


def metrics_after(
    accuracy: Accuracy, seq: int, forecast: Sequence[float], fallbacks: int = 0
) -> dict[str, str | bytes]:
    """Return the metrics after the newest lesson, each as JSON: what the exporter, the ledger and people read.

    Parameters
    ----------
    seq
        The largest observation number learned.
    forecast
        What the model expects next.
    """
    values: dict[str, Any] = {"count": accuracy.count, "seq": seq, "fallbacks": fallbacks}
    values |= accuracy.windows()
    values |= {f"{name}_all": value for name, value in accuracy.overall().items()}
    target, prediction = accuracy.pairs[-1]
    values |= {"last_prediction": prediction, "last_actual": target, "last_error": abs(target - prediction)}
    # All but the forecast are numbers, so that one text of all of them is quickly cut.
    texts: dict[str, str | bytes] = dict(zip(values, _encode(list(values.values()))[1:-1].split(b","), strict=True))
    texts["forecast"] = _encode(forecast)
    return texts
