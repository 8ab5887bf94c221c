"""checkpoint_*: keeping a state, by carrying it whole to and fro against appending a lesson."""

from __future__ import annotations

import pickle
from dataclasses import replace

from rivulet.models import definition
from tests.bench import series
from tests.bench.benchmark import MODELS, Benchmark
from tests.bench.load import Connection, post
from tests.bench.report import Measurement, Target, times_less
from tests.bench.servers import Function, Least, Service
from tests.bench.stage import TAUGHT, Stage
from tests.bench.timing import seconds_of

_ROUNDS = 5
_SERIES = "checkpoints"  # whose lessons have no numbers, unlike those of other benchmarks
_EVENTS = {"ours": 100, "naive": 5, "least": 100}


def _measure(stage: Stage, model: str) -> Measurement:
    ours = stage.model(model)
    functions: dict[str, Function | Service] = {
        "ours": ours,
        "naive": stage.baseline("naive", REDIS_URL=stage.redis.url, MODEL_NAME=model),
        "least": Least(
            stage.folder, application="least", settings=(("MODEL_NAME", model), ("REDIS_URL", stage.redis.url))
        ),
    }
    reached = stage.taught(model, _SERIES)
    _keep_naive(stage, model)
    times: dict[str, list[float]] = {name: [] for name in functions}
    with stage.running(*functions.values()):
        nexts = {"ours": reached + 1, "naive": TAUGHT + 1, "least": TAUGHT + 1}
        _events(functions["least"], 1, TAUGHT)
        for round_ in range(_ROUNDS + 1):
            for name, function in functions.items():
                took = _events(function, nexts[name], _EVENTS[name])
                nexts[name] += _EVENTS[name]
                if round_:  # the first one restores and connects
                    times[name].append(took)
    found = times_less(times["ours"], times["naive"])
    floor = times_less(times["least"], times["naive"]).value
    return replace(found, floor=floor, samples={**found.samples, "least": times["least"]})


def _keep_naive(stage: Stage, model: str) -> None:
    """Put into Redis what the naive function would have kept by now."""
    regressor = definition(model).build()
    for features, target in series.lessons(TAUGHT):
        regressor.learn_one(features, target)
    with stage.redis.client() as client:
        client.set(f"naive:{model}:{_SERIES}", pickle.dumps(regressor, pickle.HIGHEST_PROTOCOL))


def _events(function: Function | Service, first: int, count: int) -> float:
    bodies = [series.body(seq, _SERIES, numbered=False) for seq in range(first, first + count)]
    requests = [post("/predict_learn", body) for body in bodies]
    connection = Connection(function.port)
    took = seconds_of(lambda: [connection.ask(request) for request in requests])
    connection.close()
    return took / count


def _benchmark(short: str, limit: float) -> Benchmark:
    what = f"time per event of {MODELS[short]} at {TAUGHT} observations, naive against ours"
    return Benchmark(
        f"checkpoint_{short}", what, Target(limit, at_least=True), lambda stage: _measure(stage, MODELS[short])
    )


BENCHMARKS = [_benchmark("amf", 100), _benchmark("knn", 20)]
