"""cold_*: from the start of the process to the first durable lesson."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace

from rivulet.store import Store
from rivulet.store.telemetry import read
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
    parts: dict[str, list[float]] = defaultdict(list)
    counted = _counted(stage)
    for _ in range(_ROUNDS + 1):
        reached += 1
        request = post("/predict_learn", series.body(reached, "taught"))
        for name, function in {"hello": hello, "ours": ours}.items():
            try:
                took = function.first_answer(request)
            finally:
                function.stop()  # in order: a model writes its snapshot
            times[name].append(took)
        before, counted = counted, _counted(stage)
        spent = {part: counted[part] - before[part] for part in counted}
        for part, seconds in (spent | {"first answer": times["ours"][-1] - sum(spent.values())}).items():
            parts[part].append(seconds)
    # The first round finds files that were not read for long, and writes bytecode.
    found = ratio(times["ours"][1:], times["hello"][1:])
    return replace(found, samples={**found.samples, **{part: rounds[1:] for part, rounds in parts.items()}})


def _counted(stage: Stage) -> dict[str, float]:
    """Return the seconds that models' processes have counted: from a start until all is imported, and of restoring.

    The system knows a process's start to the hundredth of a second, and so the first answer's share, which is the rest.
    """
    counts = read(Store(stage.redis.url))["model"].counts
    return {part: counts.get(("cold", part, "sum"), 0.0) for part in ("import", "restore")}


def _benchmark(short: str, model: str) -> Benchmark:
    what = f"process start to the first durable predict_learn of {model} at {TAUGHT} observations, against hello"
    return Benchmark(
        f"cold_{short}", what, Target(3.5 if short == "amf" else 2.5), lambda stage: _measure(stage, model)
    )


BENCHMARKS = [_benchmark(short, model) for short, model in MODELS.items()]
