"""flat_*: what an event costs from 20,000 to 21,000 observations, against 1,000 to 2,000."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from statistics import median

from tests.bench import series
from tests.bench.benchmark import MODELS, Benchmark
from tests.bench.load import Connection, post
from tests.bench.report import Measurement, Target, ratio, ratio_of_sums, worst
from tests.bench.servers import Function
from tests.bench.stage import Stage
from tests.bench.timing import seconds_of

_EARLY, _LATE, _WINDOW = 1_000, 20_000, 1_000
_BLOCKS = 10
_FOR_BYTES = 20  # blocks: a forest's snapshot, every 150 events or so, is a lump that has to even out
_TARGET = Target(1.15)


@dataclass
class _Side:
    """One of the two windows: a process of its own, with a series of its own."""

    function: Function
    series_id: str
    at: int
    times: list[float] = field(default_factory=list)
    written: list[float] = field(default_factory=list)
    resident: list[float] = field(default_factory=list)

    def block(self, stage: Stage) -> None:
        """Learn a tenth of the window, one durable lesson after the other."""
        seqs = range(self.at + 1, self.at + 1 + _WINDOW // _BLOCKS)
        requests = [post("/predict_learn", series.body(seq, self.series_id)) for seq in seqs]
        connection = Connection(self.function.port)
        before = stage.redis.bytes_received()
        took = [seconds_of(partial(connection.ask, request)) for request in requests]
        self.written.append((stage.redis.bytes_received() - before) / len(requests))
        self.times.append(median(took))
        self.resident.append(self.function.resident())
        self.at = seqs[-1]
        connection.close()


def _measure(stage: Stage, model: str) -> Measurement:
    early = _Side(stage.model(model), f"early-{model}", _EARLY)
    late = _Side(stage.model(model), f"late-{model}", _LATE)
    with stage.running(early.function, late.function):
        for side in (late, early):
            stage.fill(side.function, side.series_id, side.at)
        for _ in range(_FOR_BYTES):
            for side in (early, late):
                side.block(stage)
    parts = {
        "time": ratio(late.times[:_BLOCKS], early.times[:_BLOCKS]),
        "bytes": ratio_of_sums(late.written, early.written),  # a snapshot is written now and then
        "memory": ratio(late.resident[:_BLOCKS], early.resident[:_BLOCKS]),
    }
    return worst(parts, _TARGET)


def _benchmark(short: str, model: str) -> Benchmark:
    what = f"worst of time, bytes and memory per event of {model}, at {_LATE} against {_EARLY} observations"
    return Benchmark(f"flat_{short}", what, _TARGET, lambda stage: _measure(stage, model))


BENCHMARKS = [_benchmark(short, model) for short, model in MODELS.items()]
