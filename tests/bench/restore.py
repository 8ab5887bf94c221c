"""restore_*, backfill: a state made again from the journal, and one that never was from the series' record."""

from __future__ import annotations

from functools import partial
from statistics import mean

from tests.bench import series
from tests.bench.benchmark import MODELS, Benchmark
from tests.bench.load import Connection, get, post
from tests.bench.report import Measurement, Target, ratio, worst
from tests.bench.stage import TAUGHT, Stage
from tests.bench.timing import Loop, loop_seconds, seconds_of

_ROUNDS = 5
_BACKFILL = 10_000
# Of models whose lessons cost little, since what is compared is what surrounds a lesson.
_BACKFILL_MODELS = ("linear", "bagging")
_BACKFILL_ROUNDS = 7
_TARGET = Target(1.3)


def _restore(stage: Stage, model: str) -> Measurement:
    count = stage.taught(model)
    # Without a key no snapshot is opened; with room for one series the other one pushes it out.
    function = stage.model(model, SNAPSHOT_KEY="", CACHED_SERIES="1")
    ours, loop = [], []
    with stage.running(function):
        connection = Connection(function.port)
        for round_ in range(_ROUNDS + 1):
            connection.ask(post("/predict_learn", series.body(round_ + 1, "other")))
            ours.append(seconds_of(lambda: connection.ask(get("/forecast?series_id=taught&steps=1"))))
            loop.append(loop_seconds(model, count))
        connection.close()
    return ratio(ours[1:], loop[1:])


def _backfill(stage: Stage) -> Measurement:
    stage.record("unseen", _BACKFILL)
    return worst({short: _catch_up(stage, MODELS[short], _BACKFILL_ROUNDS) for short in _BACKFILL_MODELS}, _TARGET)


def _catch_up(stage: Stage, model: str, rounds: int) -> Measurement:
    function = stage.model(model)
    request = post("/predict_learn", series.body(_BACKFILL, "unseen"))
    ours, around = [], []
    with Loop(model, _BACKFILL) as loop:
        for _ in range(rounds):
            with stage.running(function):
                connection = Connection(function.port)
                connection.ask(post("/predict_learn", series.body(1, "other")))
                before = loop.seconds()
                ours.append(seconds_of(partial(connection.ask, request)))
                # A round takes seconds, in which a machine's clock changes: hence both sides.
                around.append(mean((before, loop.seconds())))
                connection.close()
            stage.forget(model, "unseen")
    return ratio(ours, around)


def _benchmark(short: str, model: str) -> Benchmark:
    what = f"{TAUGHT} observations of {model} from the journal alone, against loop"
    return Benchmark(f"restore_{short}", what, _TARGET, lambda stage: _restore(stage, model))


BENCHMARKS = [
    *(_benchmark(short, model) for short, model in MODELS.items()),
    Benchmark(
        "backfill", f"a model that never saw {_BACKFILL} observations catches up, against loop", _TARGET, _backfill
    ),
]
