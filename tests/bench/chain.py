"""chain: the whole data set through the embedded platform, against a client that drives in-memory services."""

from __future__ import annotations

import asyncio
import itertools
import os
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from statistics import median

import aiohttp
import uvloop

from rivulet_local.platform import Platform
from rivulet_local.run_client import PlatformClient
from rivulet_local.run_stream import Stream
from rivulet_local.settings import LocalSettings
from tests.bench import series
from tests.bench.benchmark import MODELS, Benchmark
from tests.bench.load import Connection, exchange, post
from tests.bench.report import Measurement, Target, ratio
from tests.bench.servers import Service
from tests.bench.stage import Stage
from tests.bench.timing import loop_seconds

_ROUNDS = 2
ROWS = 744
# Of one observation, by the manifests, when all functions are awake: ingest gets the tick, features the observation, a
# model the features, and the ledger four predictions.
_DELIVERIES = {"ingest": 1, "features": 1, **dict.fromkeys(MODELS, 1), "ledger": 4}
_AT_ONCE = 8  # to each function: it has as many threads


def _measure(stage: Stage) -> Measurement:
    ours, theirs = [], []
    for _ in range(_ROUNDS):
        ours.append(uvloop.run(_ours(stage.folder)))
        theirs.append(_theirs(stage))
    delivering = _deliveries(stage)
    learning = [loop_seconds(model, ROWS) for model in MODELS.values()]
    found = ratio(ours, theirs)
    least = delivering + sum(learning) / (os.cpu_count() or 1)
    floor = ratio([least], [median(theirs)]).value
    return replace(found, floor=floor, samples={**found.samples, "deliveries": [delivering], "loop": learning})


def _deliveries(stage: Stage) -> float:
    """Return the seconds of as many deliveries to functions that are up and do nothing.

    The client keeps nothing, and waits for no order.
    """
    functions = {name: stage.baseline("hello") for name in _DELIVERIES}
    request = post("/", series.body(ROWS, "default"))
    with stage.running(*functions.values()):
        turns: dict[Connection, Iterator[bytes]] = {}
        for name, function in functions.items():
            requests = itertools.repeat(request, ROWS * _DELIVERIES[name])
            turns |= {Connection(function.port): requests for _ in range(_AT_ONCE)}
        started = time.perf_counter()
        exchange(turns)
        delivered = time.perf_counter()
        for each in turns:
            each.close()
    return delivered - started


def platform_settings(folder: Path) -> LocalSettings:
    """Return the settings of a platform beside any other one, in a folder of its own."""
    data = Path(tempfile.mkdtemp(dir=folder))
    own = {"port": 0, "broker_port": 0, "exporter_port": 0, "legacy_ports": False, "tick": None}
    return LocalSettings(data=data, environment=dict(os.environ), **own)  # type: ignore[arg-type]


async def _ours(folder: Path) -> float:
    """Return the seconds from the first tick to the last prediction; each function starts at its first event."""
    async with Platform(platform_settings(folder)) as platform, aiohttp.ClientSession() as session:
        client = PlatformClient(session, platform.gateway_url, platform.broker_url)
        started = time.perf_counter()
        await Stream(client, "default", ROWS, lambda done: None).run()
        return time.perf_counter() - started


def _theirs(stage: Stage) -> float:
    """Return the seconds that the client takes; the services are up already."""
    settings = (("REDIS_URL", stage.redis.url), ("N_LAGS", "15"))
    ingest = Service(stage.folder, application="ingest")
    features = Service(stage.folder, application="features", settings=settings)
    models = [Service(stage.folder, application="model", settings=(("MODEL_NAME", name),)) for name in MODELS.values()]
    with stage.running(ingest, features, *models):
        return uvloop.run(_drive(ingest.port, features.port, [each.port for each in models], f"chain-{ingest.port}"))


async def _drive(ingest: int, features: int, models: list[int], series_id: str) -> float:
    async with aiohttp.ClientSession() as session:

        async def post(port: int, path: str, body: object) -> dict[str, object]:
            async with session.post(f"http://127.0.0.1:{port}{path}", json=body) as response:
                response.raise_for_status()
                answer: dict[str, object] = await response.json()
                return answer

        started = time.perf_counter()
        for _ in range(ROWS):
            async with session.get(f"http://127.0.0.1:{ingest}/next") as response:
                row = await response.json()
            made = await post(features, "/add", {"series_id": series_id, "value": row["target"]})
            lesson = {"series_id": series_id, "features": made["features"], "target": made["target"]}
            await asyncio.gather(*(post(port, "/predict_learn", lesson) for port in models))
        return time.perf_counter() - started


BENCHMARKS = [
    Benchmark(
        "chain",
        f"{ROWS} observations through the platform, against a client of in-memory services",
        Target(1.0),
        _measure,
    ),
]
