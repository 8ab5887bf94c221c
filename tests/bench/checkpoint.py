"""checkpoint_*: keeping a state, by carrying it whole to and fro against appending a lesson."""

from __future__ import annotations

import pickle
from dataclasses import replace

from rivulet.models import definition
from tests.bench import series
from tests.bench.benchmark import MODELS, Benchmark
from tests.bench.load import Connection, post
from tests.bench.report import Measurement, Target, ratio, times_less
from tests.bench.servers import Function
from tests.bench.stage import TAUGHT, Stage
from tests.bench.timing import loop_seconds, seconds_of

_ROUNDS = 5
_EVENTS = {"ours": 40, "naive": 4}
_LOOP_EVENTS = 200


def _measure(stage: Stage, model: str) -> Measurement:
    ours = stage.model(model)
    naive = stage.baseline("naive", REDIS_URL=stage.redis.url, MODEL_NAME=model)
    reached = stage.taught(model)
    _keep_naive(stage, model)
    times: dict[str, list[float]] = {"ours": [], "naive": []}
    loop: list[float] = []
    with stage.running(ours, naive):
        nexts = {"ours": reached + 1, "naive": TAUGHT + 1}
        for round_ in range(_ROUNDS + 1):
            for name, function in {"ours": ours, "naive": naive}.items():
                took = _events(function, nexts[name], _EVENTS[name])
                nexts[name] += _EVENTS[name]
                if round_:  # the first one restores and connects
                    times[name].append(took)
            if round_:  # the floor: all but the model is free
                loop.append(loop_seconds(model, _LOOP_EVENTS, after=TAUGHT) / _LOOP_EVENTS)
    found = times_less(times["ours"], times["naive"])
    floor = ratio(times["naive"], loop).value
    return replace(found, floor=floor, samples={**found.samples, "loop": loop})


def _keep_naive(stage: Stage, model: str) -> None:
    """Put into Redis what the naive function would have kept by now."""
    regressor = definition(model).build()
    for features, target in series.lessons(TAUGHT):
        regressor.learn_one(features, target)
    with stage.redis.client() as client:
        client.set(f"naive:{model}:taught", pickle.dumps(regressor, pickle.HIGHEST_PROTOCOL))


def _events(function: Function, first: int, count: int) -> float:
    requests = [post("/predict_learn", series.body(seq, "taught")) for seq in range(first, first + count)]
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
