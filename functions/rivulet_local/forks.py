"""Processes that are forked from a Python which has imported already what they need: see `zygote`."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import signal
import socket
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from rivulet_local import zygote

log = logging.getLogger(__name__)

# What is looked at when a Python starts, or never.
_AT_START = ("PYTHON", "LANG", "LC_", "LD_", "OPENBLAS_", "OMP_", "MKL_")
_PATIENCE = 30.0


class Process(Protocol):
    """What is asked of a process, whoever started it."""

    @property
    def pid(self) -> int:
        """Its number."""

    @property
    def returncode(self) -> int | None:
        """``None`` while it runs."""

    def terminate(self) -> None:
        """Ask it to stop."""

    async def wait(self) -> int:
        """Wait until it has ended."""


def can_be_watched() -> bool:
    """Whether the system says how a process fares that is not one's own child: Linux from 5.3 on."""
    if sys.platform != "linux" or not hasattr(os, "pidfd_open"):
        return False
    try:
        os.close(os.pidfd_open(os.getpid()))
    except OSError:
        return False
    return True


class Forked:
    """A process whose parent is another one; how it ended is not known."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._over = asyncio.Event()
        try:
            self._descriptor = os.pidfd_open(pid)
        except ProcessLookupError:
            self._end()
        else:
            asyncio.get_running_loop().add_reader(self._descriptor, self._ended)

    def terminate(self) -> None:
        """Ask it to stop."""
        if self.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._descriptor, signal.SIGTERM)

    async def wait(self) -> int:
        """Wait until it has ended."""
        await self._over.wait()
        return 0

    def _ended(self) -> None:
        asyncio.get_running_loop().remove_reader(self._descriptor)
        os.close(self._descriptor)
        self._end()

    def _end(self) -> None:
        self.returncode = 0
        self._over.set()


class Forks:
    """Has a zygote fork.

    Parameters
    ----------
    platform
        The platform's end of the socket whose other end the zygote has.
    environment
        What the zygote was started with.
    """

    def __init__(self, platform: socket.socket, environment: Mapping[str, str]) -> None:
        self._socket = platform
        self._environment = environment
        self._turn = asyncio.Lock()
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def ready(self) -> None:
        """Wait until the zygote has imported all."""
        self._reader, self._writer = await asyncio.open_unix_connection(sock=self._socket)
        if await self._reader.readline() != b"\n":
            self._give_up("it ended while it imported")

    async def fork(
        self, name: str, command: Sequence[str], cwd: Path, environment: Mapping[str, str], output: Path
    ) -> Process | None:
        """Start a process, with its output appended to a file.

        Returns
        -------
        Process or None
            ``None`` where a fork would not be the same as a new process, or the zygote is gone.
        """
        python, *words = command
        if python != sys.executable or words[:1] != ["-m"] or self._differs(environment):
            return None
        _, module, *arguments = words
        job = zygote.Job(name, module, arguments, str(cwd), dict(environment), str(output))
        async with self._turn:
            pid = await self._ask(json.dumps(job._asdict()).encode() + b"\n")
        return Forked(pid) if pid else None

    def close(self) -> None:
        """Let the zygote go; its forks stay."""
        if self._writer is not None:
            self._writer.close()
        self._socket.close()

    async def _ask(self, line: bytes) -> int:
        if self._reader is None or self._writer is None:
            return 0
        self._writer.write(line)
        try:
            answer = await asyncio.wait_for(self._reader.readline(), _PATIENCE)
        except (OSError, TimeoutError) as error:
            self._give_up(str(error) or "it does not answer")
            return 0
        if not answer:
            self._give_up("it has ended")
        return int(answer or 0)

    def _differs(self, environment: Mapping[str, str]) -> bool:
        names = {name for name in (*environment, *self._environment) if name.startswith(_AT_START)}
        return any(environment.get(name) != self._environment.get(name) for name in names)

    def _give_up(self, why: str) -> None:
        log.warning("functions start without a zygote from now on, which takes longer: %s", why)
        self.close()
        self._reader = self._writer = None
