"""memory_*: what a warm function holds."""

from __future__ import annotations

from tests.bench import series
from tests.bench.benchmark import MODELS, Benchmark
from tests.bench.load import Connection, post
from tests.bench.report import Measurement, ratio
from tests.bench.servers import Function
from tests.bench.stage import TAUGHT, Stage

_ROUNDS = 2
_LESSONS = 100


def _measure(stage: Stage, model: str) -> Measurement:
    sizes: dict[str, list[float]] = {"ours": [], "hello": []}
    for _ in range(_ROUNDS):
        reached = stage.taught(model)
        for name, function in {"hello": stage.baseline("hello"), "ours": stage.model(model)}.items():
            with stage.running(function):
                sizes[name].append(_warm(function, reached))
    return ratio(sizes["ours"], sizes["hello"])


def _warm(function: Function, reached: int) -> float:
    connection = Connection(function.port)
    for seq in range(reached + 1, reached + 1 + _LESSONS):
        connection.ask(post("/predict_learn", series.body(seq, "taught")))
    connection.close()
    return function.resident() / 2**20


def _benchmark(short: str, model: str) -> Benchmark:
    what = f"resident memory of {model} at {TAUGHT} observations, against hello"
    return Benchmark(f"memory_{short}", what, None, lambda stage: _measure(stage, model))


BENCHMARKS = [_benchmark(short, model) for short, model in MODELS.items()]
