"""Invariant 1: whatever happens on the way, every model ends where a plain loop ends, to the last bit."""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from pathlib import Path

import psutil

from rivulet.dataset import read
from tests.chaos.stream import PlatformProcess, disordered, observation
from tests.plain_loop import MODELS, plain_loop

VALUES = [float(row.value) for row in read(Path("functions/ingest/data/airline.csv"))]


def assert_equals_plain_loop(platform: PlatformProcess, series: str, values: list[float]) -> None:
    for model in MODELS:
        rows = platform.recorded(series, model)
        expected = plain_loop(model, values)
        assert [row["seq"] for row in rows] == list(range(1, len(values) + 1)), model
        assert [row["target"] for row in rows] == values, model
        assert [row["prediction"] for row in rows] == expected.predictions, model
        last = platform.call("ledger", "GET", f"/runs/{series}/{len(values)}").json()
        forecast = next(stage["forecast"] for stage in last["models"] if stage["model"] == model)
        assert forecast == expected.forecasts[-1], model


def test_duplicates_disorder_and_losses(platform: PlatformProcess) -> None:
    """The whole series, each event one to three times, shuffled, a third of the features events lost."""
    platform.settings = {"LOST_SHARE": "0.3", "LAST_SEQUENCE": str(len(VALUES))}
    platform.start()
    events = [observation("shuffled", k, value) for k, value in enumerate(VALUES, 1)]
    for event in disordered(events, random.Random(7), reach=20):
        platform.send(event)
    platform.wait_for("shuffled", MODELS, len(VALUES), patience=120)
    assert_equals_plain_loop(platform, "shuffled", VALUES)
    assert platform.call("ledger", "GET", "/deadletters").json()["dead_letters"] == []


def test_killed_functions_and_platform(platform: PlatformProcess) -> None:
    """Functions are killed at random moments during the stream, and the platform once."""
    values = VALUES[:300]
    platform.settings = {"LOST_SHARE": "0.1", "LAST_SEQUENCE": str(len(values))}
    platform.start()
    killed: list[str] = []
    over = threading.Event()

    def kill_at_random(lots: random.Random) -> None:
        own = PlatformProcess(platform.data, port=platform.port)
        while not over.wait(lots.uniform(0.3, 1.2)):
            try:
                running = list(own.functions())
            except OSError:  # the platform itself is down just now
                continue
            if running:
                name, pid = lots.choice(running)
                victims = [pid, *(child.pid for child in psutil.Process(pid).children())]
                os.kill(lots.choice(victims), signal.SIGKILL)
                killed.append(name)

    killer = threading.Thread(target=kill_at_random, args=(random.Random(11),))
    killer.start()
    try:
        for k, value in enumerate(values, 1):
            platform.send(observation("killed", k, value))
            time.sleep(0.02)
            if k == len(values) // 2:
                platform.kill()
                platform.start()
        time.sleep(2)
    finally:
        over.set()
        killer.join()
    platform.wait_for("killed", MODELS, len(values), patience=120)
    assert len(killed) >= 5
    assert_equals_plain_loop(platform, "killed", values)
    assert platform.call("ledger", "GET", "/deadletters").json()["dead_letters"] == []
