"""How long something takes."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

from tests.bench.servers import ROOT


def seconds_of(work: Callable[[], Any]) -> float:
    """Return the seconds that a call takes."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


class Loop:
    """The baseline *loop*, in a process that is ready, so that what it is compared with runs right before or after.

    Parameters
    ----------
    count
        How many observations it takes.
    """

    def __init__(self, model: str, count: int) -> None:
        command = [sys.executable, "-m", "tests.bench.baselines.loop", model, str(count)]
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, text=True, bufsize=1)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.communicate()

    def seconds(self) -> float:
        """Return the seconds that it takes, once more from the beginning."""
        if self._process.stdin is None or self._process.stdout is None:
            raise RuntimeError("the loop's process has no pipes")
        self._process.stdin.write("\n")
        return float(self._process.stdout.readline())


def loop_seconds(model: str, count: int) -> float:
    """Return the seconds that the baseline *loop* takes for `count` observations."""
    with Loop(model, count) as loop:
        return loop.seconds()
