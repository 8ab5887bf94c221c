"""Fills Redis with series as functions would have, through the store's own code."""

from __future__ import annotations

import json
from collections.abc import Sequence

from rivulet.exposition import ERRORS
from rivulet.store import Store
from rivulet.store.connection import model_key, series_key

MODELS = ("linear_regression", "bagging_regressor", "knn_regressor", "amf_regressor")


def fill(store: Store, count: int, models: Sequence[str] = MODELS) -> list[str]:
    """Write `count` series with a short history of every model, and return their names."""
    names = [f"s{number:05}" for number in range(count)]
    pipeline = store.client.pipeline(transaction=False)
    for number, name in enumerate(names):
        for seq in (1, 2):
            entry = {"value": float(number + seq), "meta": "{}", "at": 1_700_000_000_000 + seq}
            pipeline.xadd(series_key(name, "log"), entry, f"{seq}-0")  # type: ignore[arg-type]
        for model in models:
            metrics = {
                "count": 2,
                "seq": 2,
                "updated_ms": 1_700_000_000_500,
                "last_prediction": 1.5,
                "last_actual": 2.0,
            }
            metrics |= {"last_error": 0.5, **dict.fromkeys(ERRORS, 0.25 * (number + 1))}
            kept = [text for field, value in metrics.items() for text in (field, json.dumps(value))]
            key = model_key(model, name, "metrics")
            pipeline.hset(key, items=[*kept, "forecast", "[1.0, 2.0, 3.0, 4.0, 5.0]"])
            pipeline.xadd(model_key(model, name, "journal"), {"token": "t", "lesson": "{}", "at": "1"}, "1-0")
            pipeline.set(
                model_key(model, name, "snapshot"), b"s" * 32 + b'{"format": 2, "at_ms": 1700000000250}\npickle'
            )
        if number % 200 == 199:
            pipeline.execute()
    for model in models:
        pipeline.sadd(f"model:{model}:series", *names)
    pipeline.execute()
    return names
