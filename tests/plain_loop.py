"""What the platform has to equal: one process that sees the series once and in order."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from rivulet.models import definition

MODELS = ("linear_regression", "bagging_regressor", "knn_regressor", "amf_regressor")


@dataclass(frozen=True)
class Expected:
    """What a plain loop predicts, one number for each observation, and its forecast after each."""

    predictions: list[float]
    forecasts: list[list[float]]


def plain_loop(model: str, values: Iterable[float], n_lags: int = 15, steps: int = 5) -> Expected:
    """Predict, then learn, each value: a bare River model, without any of the platform's code around it."""
    regressor = definition(model).build()
    past: list[float] = []
    predictions: list[float] = []
    forecasts: list[list[float]] = []
    for value in values:
        features = _features(past, n_lags)
        predictions.append(regressor.predict_one(features) if predictions else features["in_1"])
        regressor.learn_one(features, value)
        past.insert(0, value)
        window = list(past)
        ahead: list[float] = []
        for _ in range(steps):
            ahead.append(regressor.predict_one(_features(window, n_lags)))
            window.insert(0, ahead[-1])
        forecasts.append(ahead)
    return Expected(predictions, forecasts)


def _features(past: list[float], n_lags: int) -> dict[str, float]:
    return {f"in_{k}": float(past[k - 1]) if k <= len(past) else 0.0 for k in range(1, n_lags + 1)}
