"""cold_*: from the start of the process to the first durable lesson."""

from __future__ import annotations

from tests.bench import series
from tests.bench.benchmark import MODELS, Benchmark
from tests.bench.load import post
from tests.bench.report import Measurement, Target, ratio
from tests.bench.stage import TAUGHT, Stage

_ROUNDS = 5


def _measure(stage: Stage, model: str) -> Measurement:
    reached = stage.taught(model)
    ours, hello = stage.model(model), stage.baseline("hello")
    times: dict[str, list[float]] = {"ours": [], "hello": []}
    for round_ in range(_ROUNDS + 1):
        reached += 1
        request = post("/predict_learn", series.body(reached, "taught"))
        for name, function in {"hello": hello, "ours": ours}.items():
            try:
                took = function.first_answer(request)
            finally:
                function.stop()  # in order: a model writes its snapshot
            if round_:  # the first one finds files that were not read for long, and writes bytecode
                times[name].append(took)
    return ratio(times["ours"], times["hello"])


def _benchmark(short: str, model: str) -> Benchmark:
    what = f"process start to the first durable predict_learn of {model} at {TAUGHT} observations, against hello"
    return Benchmark(
        f"cold_{short}", what, Target(3.5 if short == "amf" else 2.5), lambda stage: _measure(stage, model)
    )


BENCHMARKS = [_benchmark(short, model) for short, model in MODELS.items()]
