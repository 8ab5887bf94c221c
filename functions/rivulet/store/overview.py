"""What the exporter reads: every series with every model, in a bounded number of round trips."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import redis

from rivulet.errors import OutOfReach
from rivulet.store.connection import Store, ingest_key, model_key, series_key

BATCH = 500  # series in one round trip
_PAGES = 20  # of SCAN at one look
_PAGE = 1000
_OVERVIEW = (Path(__file__).parent / "overview.lua").read_text("utf-8")


@dataclass(frozen=True)
class ModelView:
    """One model's part of a series."""

    lessons: int
    snapshot_bytes: int
    snapshot_ms: int
    metrics: dict[str, str | None]


@dataclass(frozen=True)
class SeriesView:
    """One series; times in milliseconds since 1970, 0 for never.

    Attributes
    ----------
    values
        The newest values, newest first, as many as were asked for.
    first
        Number and value of the oldest observation that the log has, where values were asked for.
    """

    series_id: str
    tick_ms: int
    observations: int
    observed_ms: int
    values: list[float]
    models: dict[str, ModelView]
    first: tuple[int, float] | None


class Overview:
    """Reads series for the exporter.

    Which models there are is looked up, not configured: a bounded part of the key space at each look, until it begins
    anew. Which series there are is in a set of each model.

    Parameters
    ----------
    models
        The models that are known from the start.
    """

    def __init__(self, store: Store, models: Sequence[str]) -> None:
        self._store = store
        self._models = set(models)
        self._cursor = 0
        self._sha = ""

    def index(self) -> list[str]:
        """Return the names of all series; look for models that were not known."""
        client = self._store.client
        for _ in range(_PAGES):
            self._cursor, keys = self._store.call(client.scan, self._cursor, "model:*:metrics", _PAGE)
            for key in keys:
                self._models.add(key.decode().removeprefix("model:").split(":{", 1)[0])
            if not self._cursor:
                break
        pipeline = client.pipeline(transaction=False)
        for model in sorted(self._models):
            pipeline.smembers(f"model:{model}:series")
        found: list[set[bytes]] = self._store.call(pipeline.execute) if self._models else []
        return sorted({member.decode() for members in found for member in members})

    def read(self, series: Sequence[str], values: int, fields: Sequence[str]) -> Iterator[SeriesView]:
        """Return views of series, one round trip for each batch of them.

        Parameters
        ----------
        values
            How many of a series' newest values to return.
        fields
            Which fields of a model's metrics.
        """
        models = sorted(self._models)
        for start in range(0, len(series), BATCH):
            batch = series[start : start + BATCH]
            for series_id, text in zip(batch, self._batch(batch, models, values, fields), strict=True):
                yield _view(series_id, json.loads(text), models, fields)

    def _batch(self, batch: Sequence[str], models: Sequence[str], values: int, fields: Sequence[str]) -> list[bytes]:
        names = ",".join(fields)
        for _ in range(2):
            pipeline = self._store.client.pipeline(transaction=False)
            for series_id in batch:
                keys = (series_key(series_id, "log"), ingest_key(series_id, "cursor"))
                prefixes = [model_key(model, series_id, "") for model in models]
                pipeline.evalsha(self._sha, 2, *keys, values, names, *prefixes)
            try:
                found: list[bytes] = self._store.call(pipeline.execute)
            except redis.exceptions.NoScriptError:  # Redis is another one, or was started again
                self._sha = self._store.call(self._store.client.script_load, _OVERVIEW)
                continue
            return found
        raise OutOfReach("Redis does not keep the script that reads a series", retry_after=1)

    def size(self) -> tuple[int, dict[str, Any]]:
        """Return how many dead letters there are, and what Redis says of itself."""
        pipeline = self._store.client.pipeline(transaction=False)
        pipeline.xlen("ledger:deadletters")
        pipeline.info()
        letters, info = self._store.call(pipeline.execute)
        return int(letters), dict(info)


def _view(series_id: str, found: Any, models: Sequence[str], fields: Sequence[str]) -> SeriesView:
    tick, number, at_ms, values, known, first = found
    views = {}
    for place, lessons, size, made, metrics in known or ():
        named = {name: value or None for name, value in zip(fields, metrics, strict=True)}
        views[models[place]] = ModelView(lessons, size, int(made), named)
    newest = [float(value) for value in values or ()]
    oldest = (int(first[0]), float(first[1])) if first else None
    return SeriesView(series_id, int(tick) * 1000, int(number), int(at_ms), newest, views, oldest)
