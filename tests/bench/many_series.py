"""many_series: observations of a thousand series in turn, as a minute's ticks bring them, against those of one."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from statistics import median

from tests.bench import series
from tests.bench.benchmark import MODELS, Benchmark
from tests.bench.load import Connection, exchange, post
from tests.bench.report import Measurement, Target, ratio_of_sums
from tests.bench.servers import Function
from tests.bench.stage import Stage
from tests.bench.timing import seconds_of

_SERIES, _OBSERVATIONS = 1_000, 20
_BLOCK = 100  # of the one series after each tick
_MORE_THAN_HELD = 500  # series, where a process holds as many as it does by default
# As a user with so many series would set it.
_ROOM = str(_SERIES)


@dataclass
class _Side:
    """The four functions, and what has been asked of them.

    Attributes
    ----------
    latencies
        Seconds that the events of each model took.
    """

    functions: dict[str, Function]
    connections: dict[str, Connection] = field(default_factory=dict)
    latencies: dict[str, list[float]] = field(default_factory=lambda: {short: [] for short in MODELS})

    def seconds(self, requests: Sequence[bytes]) -> float:
        """Have each function answer all requests, one after the other, the four at once."""
        turns = {connection: iter(requests) for connection in self.connections.values()}
        found: dict[Connection, list[float]] = {}
        took = seconds_of(lambda: found.update(exchange(turns)))
        for short, connection in self.connections.items():
            self.latencies[short] += found[connection]
        return took

    def medians(self, of: str) -> dict[str, list[float]]:
        """Return the median of each model's events, as samples."""
        return {f"{of} {short}": [median(taken)] for short, taken in self.latencies.items()}

    def memory(self, of: str) -> dict[str, list[float]]:
        """Return the MB of each function, as samples."""
        return {f"{of} MB {short}": [function.resident() / 2**20] for short, function in self.functions.items()}


@contextlib.contextmanager
def _side(stage: Stage, **settings: str) -> Iterator[_Side]:
    side = _Side({short: stage.model(model, **settings) for short, model in MODELS.items()})
    with stage.running(*side.functions.values()):
        side.connections = {short: Connection(function.port) for short, function in side.functions.items()}
        side.seconds([post("/predict_learn", series.body(1, "warm"))])  # connects to Redis
        side.latencies = {short: [] for short in MODELS}
        yield side
        for each in side.connections.values():
            each.close()


def _tick(seq: int, kind: str, count: int = _SERIES) -> list[bytes]:
    """Return observation `seq` of each of many series."""
    return [post("/predict_learn", series.body(seq, f"{kind}-{number}")) for number in range(count)]


def _block(tick: int) -> list[bytes]:
    """Return what comes of the one series after a tick."""
    first = (tick - 1) * _BLOCK + 1
    return [post("/predict_learn", series.body(seq, "one")) for seq in range(first, first + _BLOCK)]


def _measure(stage: Stage) -> Measurement:
    ours, single = [], []
    with _side(stage, CACHED_SERIES=_ROOM) as many, _side(stage, CACHED_SERIES=_ROOM) as one:
        for seq in range(1, _OBSERVATIONS + 1):
            ours.append(many.seconds(_tick(seq, "many")) / _SERIES)
            single.append(one.seconds(_block(seq)) / _BLOCK)
        samples = many.medians("many") | one.medians("one") | many.memory("many") | one.memory("one")
    found = ratio_of_sums(ours, single)
    return replace(found, samples={**found.samples, **samples, **_evicting(stage)})


def _evicting(stage: Stage) -> dict[str, list[float]]:
    """Return seconds per observation, of two ticks, where each event finds that its state was pushed out."""
    with _side(stage) as side:
        taken = [side.seconds(_tick(seq, "evicted", _MORE_THAN_HELD)) / _MORE_THAN_HELD for seq in (1, 2)]
        return {"default": taken} | side.medians("default")


BENCHMARKS = [
    Benchmark(
        "many_series",
        f"time per event of {_SERIES} series in turn, {_OBSERVATIONS} observations each, against one series",
        Target(1.5),
        _measure,
    ),
]
