"""The functions' pods as the cluster's API tells of them: which there are, and for how long each was."""

from __future__ import annotations

import json
import subprocess
import threading
import time
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from tests.e2e.target import NAMESPACE

SELECTOR = "rivulet.dev/part=function"
_WATCH = ["kubectl", "-n", NAMESPACE, "get", "pods", "-l", SELECTOR, "--watch", "--output-watch-events", "-o", "json"]


@dataclass
class Life:
    """When a pod was first seen, told to stop, and gone; seconds of a clock that only goes forward."""

    born: float
    told: float | None = None
    gone: float | None = None

    def seconds(self, begin: float, end: float) -> tuple[float, float]:
        """Return how long it was alive, and how long terminating, between two moments."""
        told, gone = self.told or self.gone or end, self.gone or end
        return _overlap(self.born, told, begin, end), _overlap(told, gone, begin, end)


@dataclass
class Pods:
    """A watch on the functions' pods, from entering to leaving."""

    lives: dict[str, Life] = field(default_factory=dict)
    _changed: threading.Condition = field(default_factory=threading.Condition)
    _process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(_WATCH, stdout=subprocess.PIPE, text=True)
        threading.Thread(target=self._follow, daemon=True).start()
        time.sleep(1)  # what there is already is told at once
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        assert self._process
        self._process.terminate()
        self._process.wait()

    def running(self) -> list[str]:
        """Return the pods that have not been told to stop."""
        with self._changed:
            return [name for name, life in self.lives.items() if life.told is None and life.gone is None]

    def wait_for_none(self, patience: float) -> None:
        """Wait until the last pod is gone."""
        assert self._process
        assert self._process.poll() is None, "kubectl does not watch the pods any more"
        with self._changed:
            if not self._changed.wait_for(lambda: all(life.gone for life in self.lives.values()), patience):
                left = [name for name, life in self.lives.items() if not life.gone]
                raise AssertionError(f"after {patience:g} s there still are {', '.join(left)}")

    def seconds(self, begin: float, end: float) -> tuple[float, float]:
        """Return the pod-seconds, alive and terminating, between two moments."""
        with self._changed:
            each = [life.seconds(begin, end) for life in self.lives.values()]
        return sum(alive for alive, _ in each), sum(terminating for _, terminating in each)

    def _follow(self) -> None:
        assert self._process
        assert self._process.stdout
        for line in self._process.stdout:
            event = json.loads(line)
            metadata, now = event["object"]["metadata"], time.monotonic()
            with self._changed:
                life = self.lives.setdefault(metadata["name"], Life(now))
                if metadata.get("deletionTimestamp") and life.told is None:
                    life.told = now
                if event["type"] == "DELETED":
                    life.gone = now
                self._changed.notify_all()


def _overlap(start: float, stop: float, begin: float, end: float) -> float:
    return max(0.0, min(stop, end) - max(start, begin))
