"""A process that the platform starts and ends, in a process group of its own."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from rivulet_local.data_folder import DataFolder
from rivulet_local.forks import Forks, Process

_LOG_LINES = 12
_MOST_LOG = 20 * 1024 * 1024  # bytes, after which the next process of that name begins a new file


class Child:
    """A running process; made by :meth:`spawn`."""

    def __init__(self, name: str, process: Process, folder: DataFolder, log: Path, offset: int) -> None:
        self.pid = process.pid
        self.started = time.monotonic()
        self._process = process
        self._folder = folder
        self._log = log
        self._offset = offset
        folder.remember(self.pid, name)

    @classmethod
    async def spawn(
        cls,
        name: str,
        command: Sequence[str],
        *,
        folder: DataFolder,
        cwd: Path,
        environment: Mapping[str, str],
        forks: Forks | None = None,
        inherited: Sequence[int] = (),
    ) -> Child:
        """Start a process whose output is appended to the log of that name.

        Parameters
        ----------
        forks
            What may fork it, where that is the same.
        inherited
            Descriptors that it is to have.
        """
        path = folder.log_path(name)
        if path.exists() and path.stat().st_size > _MOST_LOG:
            path.replace(path.with_suffix(".log.1"))  # a line for each event adds up; one older file is kept
        with path.open("ab") as output:
            offset = output.tell()
            process = await forks.fork(name, command, cwd, environment, path) if forks else None
            process = process or await asyncio.create_subprocess_exec(
                *command,
                cwd=cwd,
                env=dict(environment),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                pass_fds=inherited,
                # Ctrl-C in a terminal is for the platform, which then ends its processes in order.
                start_new_session=True,
            )
            return cls(name, process, folder, path, offset)

    @property
    def alive(self) -> bool:
        """Whether the process has not ended yet."""
        return self._process.returncode is None

    @property
    def seconds(self) -> float:
        """For how long it has run, up to now."""
        return time.monotonic() - self.started

    async def ended(self) -> None:
        """Wait until the process has ended, and end what is left of its group."""
        await self._process.wait()
        self.kill()
        self._folder.forget(self.pid)

    async def stop(self, grace: float) -> None:
        """Ask the process to stop, and kill its group if it takes longer than the grace."""
        if self.alive:
            self._process.terminate()
        try:
            await asyncio.wait_for(self._process.wait(), grace)
        except TimeoutError:
            self.kill()
        await self.ended()

    def kill(self) -> None:
        """Kill the process with its group: workers must not outlive their master."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)

    def last_words(self) -> str:
        """Return the last lines that this process has logged."""
        with self._log.open("rb") as file:
            file.seek(self._offset)
            lines = file.read().decode("utf-8", "replace").splitlines()
        return "\n".join(lines[-_LOG_LINES:])
