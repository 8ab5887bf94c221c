"""The processes that are compared: functions, by the image's own command, and always-on services."""

from __future__ import annotations

import os
import socket
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import psutil

from tests.bench.load import Connection
from tests.function_processes import READY_WITHIN, ChildProcess, FunctionProcess, RedisServer

ROOT = Path(__file__).resolve().parents[2]
_POLL = 0.002
# What a function is deployed with. Bytecode is written, as it is in the image, whatever the caller's shell says.
DEPLOYED = {"N_LAGS": "15", "FORECAST_STEPS": "5", "THREADS": "8", "LOG_LEVEL": "INFO", "PYTHONDONTWRITEBYTECODE": ""}


@dataclass
class BenchRedis(RedisServer):
    """Redis with the durability that the platform's own has: to the file at once, to the disk every second."""

    def start(self) -> BenchRedis:
        """Start, and wait until commands are answered."""
        super().start()
        with self.client() as client:
            client.config_set("appendfsync", "everysec")
        return self

    def bytes_received(self) -> int:
        """Return how many bytes clients have sent so far: what was written, and the little that asks for it."""
        with self.client() as client:
            return int(client.info("stats")["total_net_input_bytes"])


@dataclass
class Function(FunctionProcess):
    """A function's process."""

    def first_answer(self, request: bytes) -> float:
        """Start the process and return the seconds until it has answered a first request."""
        self.request = request
        self.answered = 0.0
        started = time.perf_counter()
        self.start()
        return self.answered - started

    def resident(self) -> int:
        """Return the bytes that master and worker hold; what they share counts once."""
        master = psutil.Process(self.pid)
        return sum(each.memory_full_info().pss for each in (master, *master.children(recursive=True)))

    def _await(self, ready: Callable[[], bool]) -> None:
        request = getattr(self, "request", None)
        if request is None:
            super()._await(ready)
            return
        connection = self._connected()
        connection.ask(request)
        self.answered = time.perf_counter()
        connection.close()

    def _connected(self) -> Connection:
        deadline = time.monotonic() + READY_WITHIN
        while self.running and time.monotonic() < deadline:
            try:
                return Connection(self.port, READY_WITHIN)
            except ConnectionRefusedError:
                time.sleep(_POLL)
        raise AssertionError(f"{self} did not answer; its log ends:\n{self.log()[-2000:]}")


@dataclass
class Service(ChildProcess):
    """An always-on service under uvicorn: one worker, the fastest loop and parser that there are.

    Attributes
    ----------
    application
        The module in `tests.bench.baselines`.
    """

    application: str = ""
    settings: tuple[tuple[str, str], ...] = ()

    @property
    def _command(self) -> list[str]:
        command = [sys.executable, "-m", "uvicorn", f"tests.bench.baselines.{self.application}:app"]
        command += ["--port", str(self.port), "--loop", "uvloop", "--http", "httptools"]
        return [*command, "--no-access-log", "--log-level", "warning"]

    def start(self) -> Self:
        """Start, and wait until it listens."""
        paths = {"PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "functions")))}
        self._launch(self._command, ROOT, {**os.environ, **paths, **dict(self.settings)})
        self._await(self._listens)
        return self

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0


class Least(Service):
    """A baseline that is a server of its own, without a framework."""

    @property
    def _command(self) -> list[str]:
        return [sys.executable, "-m", f"tests.bench.baselines.{self.application}", str(self.port)]
