"""What an installation on a cluster has to reach, measured from outside: by events, the ledger, the list of pods."""

from __future__ import annotations

import random
import subprocess
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from rivulet import dataset
from tests.bench.report import Measurement, Target
from tests.cluster.pods import Pods
from tests.cluster.visitor import Took, Visitor
from tests.e2e.target import NAMESPACE
from tests.plain_loop import MODELS, plain_loop

FUNCTIONS = 3 + len(MODELS)
AIRLINE = Path(__file__).parents[2] / "functions" / "ingest" / "data" / "airline.csv"
_COLD_ROUNDS, _WARM_TICKS, _MINUTES, _OBSERVATIONS = 5, 50, 5, 300
_TO_ZERO = 120.0
_REST = 10.0  # what a node still does for pods that are gone is no part of the next start; a minute leaves more


@dataclass(frozen=True)
class Figure:
    """One row of the table; ``target`` is ``None`` where the figure is only printed."""

    name: str
    what: str
    target: Target | None
    measure: Callable[[Visitor, Pods], Measurement]


def cold(visitor: Visitor, pods: Pods) -> Measurement:
    """Seconds of a tick that finds every function at zero."""
    took = []
    for _ in range(_COLD_ROUNDS):
        pods.wait_for_none(_TO_ZERO)
        time.sleep(_REST)
        took.append(visitor.tick())
    return _summary(took)


def warm(visitor: Visitor, pods: Pods) -> Measurement:
    """Milliseconds of ticks one after the other, with every function up."""
    visitor.tick()
    return _summary([visitor.tick() for _ in range(_WARM_TICKS)], 1000)


def minutes(visitor: Visitor, pods: Pods) -> Measurement:
    """Pod-seconds of a tick a minute, alive and terminating, as a share of what always-on functions take."""
    visitor.tick()
    began, alive, terminating = time.monotonic(), [], []
    for minute in range(_MINUTES):
        start = began + 60 * minute
        visitor.tick()
        time.sleep(max(0.0, start + 60 - time.monotonic()))
        each = pods.seconds(start, start + 60)
        alive.append(each[0] / (60 * FUNCTIONS))
        terminating.append(each[1] / (60 * FUNCTIONS))
    shares = [sum(pair) for pair in zip(alive, terminating, strict=True)]
    return Measurement(
        sum(shares) / len(shares), (min(shares), max(shares)), {"alive": alive, "terminating": terminating}
    )


def exact(visitor: Visitor, pods: Pods) -> Measurement:
    """Predictions that differ from a plain loop's, after observations at ten a second while pods are killed."""
    values = [row.value for row in dataset.read(AIRLINE)[:_OBSERVATIONS]]
    over, killed = threading.Event(), list[str]()
    killer = threading.Thread(target=_kill, args=(pods, over, killed))
    killer.start()
    began = time.monotonic()
    with ThreadPoolExecutor(64) as senders:
        sent = []
        for number, value in enumerate(values, 1):
            time.sleep(max(0.0, began + number / 10 - time.monotonic()))
            sent.append(senders.submit(visitor.observe, number, value))
        for each in sent:
            each.result()
    over.set()
    killer.join()
    assert killed, "no pod could be killed, so the figure would say nothing"
    differing = 0
    for model in MODELS:
        found = [row["prediction"] for row in visitor.predictions(model, len(values))]
        expected = plain_loop(model, values).predictions
        differing += sum(one != other for one, other in zip(found, expected, strict=True))
    letters = len(visitor.dead_letters())
    wrong = float(differing + letters)
    return Measurement(wrong, (wrong, wrong), {"killed": [len(killed)], "dead_letters": [letters]})


def _kill(pods: Pods, over: threading.Event, killed: list[str]) -> None:
    """Kill a pod at random every other second, by force."""
    lots = random.Random(4)
    while not over.wait(lots.uniform(1, 3)):
        running = pods.running()
        if running:
            name = lots.choice(running)
            command = ["kubectl", "-n", NAMESPACE, "delete", "pod", name, "--force", "--grace-period=0", "--wait=false"]
            if subprocess.run(command, check=False, capture_output=True).returncode == 0:  # else it was gone before
                killed.append(name)


def _summary(ticks: list[Took], unit: float = 1) -> Measurement:
    predicted, noted = [unit * took.predicted for took in ticks], [unit * took.noted for took in ticks]
    return Measurement(median(noted), (min(noted), max(noted)), {"ours": noted, "in_journals": predicted})


FIGURES = [
    Figure(
        "cold_tick", "seconds from a tick with all pods at zero until the ledger has four predictions", Target(4), cold
    ),
    Figure("warm_tick", "milliseconds of the same with all pods up, one tick after the other", Target(60), warm),
    Figure("pod_seconds", "of a tick a minute, terminating pods included, against always-on", Target(0.30), minutes),
    Figure("inexact", "predictions unlike a plain loop's, and dead letters, with pods killed", Target(0), exact),
]
