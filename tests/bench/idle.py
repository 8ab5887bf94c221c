"""idle: how much of the time the functions' processes live, with one tick a minute."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp

from rivulet_local.platform import Platform
from rivulet_local.run_client import PlatformClient
from tests.bench.benchmark import Benchmark
from tests.bench.chain import platform_settings
from tests.bench.report import Measurement, Target
from tests.bench.stage import Stage

_TICKS = 4
_EVERY = 60.0
_POLL = 0.1
_PATIENCE = 50.0


def _measure(stage: Stage) -> Measurement:
    seconds, functions = asyncio.run(_ticks(stage))
    shares = [spent / (functions * _EVERY) for spent in seconds]
    always_on = [functions * _EVERY] * len(seconds)
    samples = {"ours": seconds, "baseline": always_on}
    return Measurement(sum(seconds) / sum(always_on), (min(shares), max(shares)), samples)


async def _ticks(stage: Stage) -> tuple[list[float], int]:
    """Return the process-seconds that each tick cost, and how many functions there are.

    The rest of the minute, in which no process lives, is not waited for: all else is at the deployed windows' length.
    """
    async with Platform(platform_settings(stage.folder)) as platform, aiohttp.ClientSession() as session:
        client = PlatformClient(session, platform.gateway_url, platform.broker_url)
        before, seconds = 0.0, []
        for number in range(1, _TICKS + 1):
            await client.tick("default", number)
            spent = await _until_zero(platform, before)
            seconds.append(spent - before)
            before = spent
        return seconds, len(platform.report()["services"])


async def _until_zero(platform: Platform, before: float) -> float:
    async with asyncio.timeout(_PATIENCE):
        while True:
            await asyncio.sleep(_POLL)
            services: list[dict[str, Any]] = platform.report()["services"]
            spent = float(sum(each["process_seconds"] for each in services))
            busy = platform.report()["broker"]
            waiting = busy["queued"] + busy["in_flight"]
            if spent > before and not waiting and all(each["state"] == "zero" for each in services):
                return spent


BENCHMARKS = [
    Benchmark(
        "idle", "process-seconds of the functions with one tick a minute, against always-on", Target(0.25), _measure
    ),
]
