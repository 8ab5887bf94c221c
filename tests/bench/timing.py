"""How long something takes."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

from tests.bench.servers import ROOT


def seconds_of(work: Callable[[], Any]) -> float:
    """Return the seconds that a call takes."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def loop_seconds(model: str, count: int, after: int = 0) -> float:
    """Return the seconds that the baseline *loop* takes for `count` observations, after others that do not count."""
    command = [sys.executable, "-m", "tests.bench.baselines.loop", model, str(count), str(after)]
    finished = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    return float(finished.stdout)
