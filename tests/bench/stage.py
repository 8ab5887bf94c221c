"""What benchmarks stand on: a folder, a Redis, processes that end with them, and states of a given size."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

from rivulet.store import Store
from rivulet.store.connection import model_key
from rivulet.store.journal import Journal
from rivulet.store.record import SeriesRecord
from tests.bench import series
from tests.bench.load import Connection, post
from tests.bench.servers import DEPLOYED, BenchRedis, Function, Service
from tests.function_processes import FRAMEWORK

TAUGHT = 2_000
_KEY = "bench"
_STRIDE = 1_000


class Stage:
    """One run of the command: an own Redis, in an own folder, both gone at the end."""

    def __init__(self) -> None:
        self._stack = contextlib.ExitStack()
        self._redis: BenchRedis | None = None

    def __enter__(self) -> Self:
        self.folder = Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="rivulet-bench-")))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    @property
    def redis(self) -> BenchRedis:
        """Redis, started when it is first asked for."""
        if self._redis is None:
            self._redis = BenchRedis(self.folder / "redis").start()
            self._stack.callback(self._redis.kill)
        return self._redis

    def model(self, model: str, **settings: str) -> Function:
        """Return a model's function, not started yet."""
        own = {"REDIS_URL": self.redis.url, "SNAPSHOT_KEY": _KEY, "MODEL_NAME": model}
        return Function(self.folder / "functions", source="model", settings={**DEPLOYED, **own, **settings})

    def baseline(self, name: str, **settings: str) -> Function:
        """Return a baseline that is a function, as the framework alone serves it; not started yet."""
        source = f"../tests/bench/baselines/{name}"
        own = {**DEPLOYED, **settings}
        return Function(self.folder / "functions", source=source, settings=own, application=FRAMEWORK)

    @contextlib.contextmanager
    def running(self, *functions: Function | Service) -> Iterator[None]:
        """Run processes for a while."""
        try:
            for each in functions:
                each.start()
            yield
        finally:
            for each in functions:
                each.stop()

    def learned(self, model: str, series_id: str) -> int:
        """Return how many lessons a model's journal has."""
        newest = Journal(Store(self.redis.url), model).last(series_id)
        return newest.n if newest else 0

    def taught(self, model: str, series_id: str = "taught", count: int = TAUGHT) -> int:
        """Have a model learn a series, and stop it in order; once a run.

        Returns
        -------
        int
            How many lessons its journal has: those, and what benchmarks have added since.
        """
        if not (known := self.learned(model, series_id)):
            function = self.model(model)
            with self.running(function):
                self.fill(function, series_id, count)
            known = count
        return known

    def forget(self, model: str, series_id: str) -> None:
        """Remove what a model knows of a series."""
        with self.redis.client() as client:
            client.delete(*(model_key(model, series_id, part) for part in ("journal", "snapshot", "metrics", "kept")))

    def record(self, series_id: str, count: int) -> None:
        """Put the first observations on a series' record."""
        record = SeriesRecord(Store(self.redis.url))
        for seq in range(record.last(series_id) + 1, count + 1):
            value = series.target_of(seq)
            record.append(series_id, value, identity="", sequence=seq, meta={}, n_lags=series.N_LAGS, patience=0)

    def fill(self, function: Function, series_id: str, count: int) -> None:
        """Have a running model fill its gap up to observation `count` from the series' record."""
        self.record(series_id, count)
        connection = Connection(function.port)
        for seq in sorted({*range(_STRIDE, count, _STRIDE), count}):
            connection.ask(post("/predict_learn", series.body(seq, series_id)))
        connection.close()
