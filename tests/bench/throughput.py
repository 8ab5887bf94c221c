"""warm_throughput, warm_latency: the way of one durable lesson over a connection that is there."""

from __future__ import annotations

from dataclasses import replace
from statistics import median

from tests.bench import series
from tests.bench.benchmark import MODELS, Benchmark
from tests.bench.load import drive, post
from tests.bench.report import Measurement, Target, ratio
from tests.bench.servers import Least, Service
from tests.bench.stage import Stage
from tests.bench.timing import Loop

# Many short rounds: a machine's clock changes within seconds, and what runs in turn should meet the same.
_ROUNDS = 30
_SECONDS = 0.15
_WARM_UP = 0.5
_BODIES = 500
_LOOP_EVENTS = 1_000
_MODEL = MODELS["linear"]


def _requests() -> list[bytes]:
    bodies = [series.body(seq, "warm", numbered=False) for seq in range(1, _BODIES + 1)]
    return [post("/predict_learn", each) for each in bodies]


def _throughput(stage: Stage, connections: int) -> Measurement:
    requests = _requests()
    ours = stage.model(_MODEL)
    theirs = Service(stage.folder, application="model", settings=(("MODEL_NAME", _MODEL),))
    own = (("MODEL_NAME", _MODEL), ("REDIS_URL", stage.redis.url))
    least = Least(stage.folder, application="least", settings=own)
    rates: dict[int, list[float]] = {ours.port: [], theirs.port: [], least.port: []}
    loop: list[float] = []  # as if all but the model were free
    with stage.running(ours, theirs, least), Loop(_MODEL, _LOOP_EVENTS) as alone:
        for port in rates:
            drive(port, requests, connections, _WARM_UP)
        for _ in range(_ROUNDS):
            for port, found in rates.items():
                found.append(drive(port, requests, connections, _SECONDS).rate)
            loop.append(_LOOP_EVENTS / alone.seconds())
    against = ratio(rates[ours.port], rates[theirs.port])
    floor = ratio(rates[least.port], rates[theirs.port]).value
    return replace(against, floor=floor, samples={**against.samples, "least": rates[least.port], "loop": loop})


def _latency(stage: Stage) -> Measurement:
    requests = _requests()
    ours, hello = stage.model(_MODEL), stage.baseline("hello")
    medians: dict[int, list[float]] = {ours.port: [], hello.port: []}
    with stage.running(ours, hello):
        for port in medians:
            drive(port, requests, 1, _WARM_UP)
        for _ in range(_ROUNDS):
            for port, found in medians.items():
                found.append(median(drive(port, requests, 1, _SECONDS).latencies))
    return ratio(medians[ours.port], medians[hello.port])


BENCHMARKS = [
    Benchmark(
        "warm_throughput_1",
        "durable predict_learn/s of model-linear against in-memory, 1 connection",
        Target(1.3, at_least=True),
        lambda stage: _throughput(stage, 1),
    ),
    Benchmark(
        "warm_throughput_8",
        "the same, 8 connections",
        Target(1.3, at_least=True),
        lambda stage: _throughput(stage, 8),
    ),
    Benchmark("warm_latency", "median latency of the same against hello, 1 connection", Target(1.4), _latency),
]
