"""The platform's folder: its lock, its secret, its logs, and the record of the processes it has started."""

from __future__ import annotations

import contextlib
import fcntl
import json
import logging
import os
import secrets
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import psutil

from rivulet_local.errors import PlatformError

log = logging.getLogger(__name__)

_LEFTOVER_PATIENCE = 10.0


class DataFolder:
    """A folder that one platform at a time keeps its files in."""

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self._processes: dict[int, tuple[str, float]] = {}

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the folder for this platform alone.

        Raises
        ------
        PlatformError
            If another platform holds it, or it cannot be written.
        """
        try:
            (self.path / "logs").mkdir(parents=True, exist_ok=True)
            lock = (self.path / "lock").open("a+", encoding="ascii")
        except OSError as error:
            raise PlatformError(f"RIVULET_DATA: {self.path} cannot be written: {error.strerror}.") from None
        with lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                lock.seek(0)
                raise PlatformError(
                    f"Another platform uses the folder {self.path} (pid {lock.read().strip()}): "
                    "stop it, or set RIVULET_DATA to another folder."
                ) from None
            lock.truncate(0)
            lock.write(str(os.getpid()))
            lock.flush()
            yield

    def log_path(self, name: str) -> Path:
        """Where a process' output goes."""
        return self.path / "logs" / f"{name}.log"

    def secret(self) -> dict[str, str]:
        """Return the Secret of this folder, made at its first use."""
        path = self.path / "secrets.json"
        if not path.exists():
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w", encoding="ascii") as file:
                json.dump({"snapshot-key": secrets.token_hex(32)}, file)
        content: dict[str, str] = json.loads(path.read_text("ascii"))
        # Redis listens on the loopback interface alone, and asks for no password.
        return {"redis-password": "", **content}

    def remember(self, pid: int, name: str) -> None:
        """Record a process, so that it is found again if the platform is killed."""
        # Gone already: there is nothing to be found again.
        with contextlib.suppress(psutil.NoSuchProcess):
            self._processes[pid] = (name, psutil.Process(pid).create_time())
            self._write()

    def forget(self, pid: int) -> None:
        """Strike a process that has ended off the record."""
        if self._processes.pop(pid, None) is not None:
            self._write()

    def end_leftovers(self) -> None:
        """End what a platform that was killed has left running, Redis last: a function may still write to it."""
        path = self.path / "processes.json"
        recorded = json.loads(path.read_text("ascii")) if path.exists() else {}
        found = [(name, _still_alive(int(pid), created)) for pid, (name, created) in recorded.items()]
        left = [(name, process) for name, process in found if process is not None]
        _end([process for name, process in left if name != "redis"])
        _end([process for name, process in left if name == "redis"])
        self._write()

    def _write(self) -> None:
        temporary = self.path / "processes.json.new"
        temporary.write_text(json.dumps(self._processes), "ascii")
        temporary.replace(self.path / "processes.json")


def _still_alive(pid: int, created: float) -> psutil.Process | None:
    try:
        process = psutil.Process(pid)
    except psutil.NoSuchProcess:
        return None
    # The same number may be another process by now.
    same = abs(process.create_time() - created) < 0.01
    return process if same and _alive(process) else None


def _end(processes: list[psutil.Process]) -> None:
    for process in processes:
        log.info("ends process %d, which a platform that was killed has left", process.pid)
        with contextlib.suppress(psutil.NoSuchProcess):
            process.terminate()
    deadline = time.monotonic() + _LEFTOVER_PATIENCE
    while time.monotonic() < deadline and any(map(_alive, processes)):
        time.sleep(0.02)
    for process in processes:
        # Workers share their master's process group; the group may be gone with its last member.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)


def _alive(process: psutil.Process) -> bool:
    try:
        # Where nobody reaps orphans, a process that has ended stays as a zombie.
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
