"""The activator: a function runs while it is asked something, and for its idle window after that."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator, Mapping
from enum import Enum
from typing import Any

from rivulet_local.errors import Unstartable
from rivulet_local.function_process import FunctionProcess, Surroundings
from rivulet_local.manifests import ServiceSpec
from rivulet_local.places import Places

log = logging.getLogger(__name__)

_DRAIN_PATIENCE = 1.0
# A cluster's pod is given timeoutSeconds from the moment that nothing reaches it any more; here nothing is gained by
# haste, and what a function hands over at its end may take this long.
_STOP_PATIENCE = 30.0


class State(Enum):
    """What a function's process is doing."""

    ZERO = "zero"
    STARTING = "starting"
    READY = "ready"
    STOPPING = "stopping"


class Activator:
    """One function's process: started at the first request, stopped when idle, noticed when it dies.

    Parameters
    ----------
    spec, environment
        The function, and the environment that its process is given.
    around
        What it shares with the other functions.
    """

    def __init__(self, spec: ServiceSpec, environment: Mapping[str, str], around: Surroundings) -> None:
        self.spec = spec
        self.state = State.ZERO
        self.starts = 0
        self.in_flight = 0
        self._environment = environment
        self._around = around
        self._places = Places(spec.concurrency)
        self._process: FunctionProcess | None = None
        self._starting: asyncio.Task[None] | None = None
        self._watching: asyncio.Task[None] | None = None
        self._stopping: asyncio.Task[None] | None = None
        self._idle_timer: asyncio.TimerHandle | None = None
        self._quiet = asyncio.Event()
        self._quiet.set()
        self._past_seconds = 0.0
        self._last_used = time.monotonic()
        self._closed = False

    @contextlib.asynccontextmanager
    async def lease(self) -> AsyncIterator[FunctionProcess]:
        """Give the ready process, which is not stopped meanwhile.

        Raises
        ------
        Unstartable
            If the process does not become ready.
        """
        process = self.entered() or await self.enter()
        try:
            yield process
        finally:
            self.leave()

    def entered(self) -> FunctionProcess | None:
        """Do the same without waiting, until `leave` is called; ``None`` where it has to be waited for: see `enter`."""
        process = self._process if self.state is State.READY and not self._closed else None
        if process is None or not self._places.take():
            return None
        self.in_flight += 1
        self._quiet.clear()
        return process

    async def enter(self) -> FunctionProcess:
        """Do the same, and wait for a place and for the process.

        Raises
        ------
        Unstartable
            If the process does not become ready.
        """
        self.in_flight += 1
        self._quiet.clear()
        placed = False
        try:
            await self._places.wait()
            placed = True
            return await self._ready_process()
        except BaseException:
            self._left(placed)
            raise

    def leave(self) -> None:
        """Let the process go, and somebody else take the place."""
        self._left(True)

    def _left(self, placed: bool) -> None:
        if placed:
            self._places.give_back()
        self.in_flight -= 1
        if not self.in_flight:
            self._quiet.set()
        self._last_used = time.monotonic()

    async def renewed(self, refused: FunctionProcess) -> FunctionProcess:
        """Give another process after one has refused a connection."""
        if self._process is refused and self._watching is not None:
            # The refusal may be quicker than the news that the process has ended.
            await asyncio.wait([self._watching], timeout=1)
        return await self._ready_process()

    def kept_awake(self) -> bool:
        """Tell whether the process is ready; if so, its idle window begins anew, as with a request."""
        awake = self.state is State.READY and self.alive
        if awake:
            self._last_used = time.monotonic()
        return awake

    @property
    def alive(self) -> bool:
        """Whether there is a process that has not ended."""
        return self._process is not None and self._process.child.alive

    def report(self) -> dict[str, Any]:
        """Return what ``GET /_platform`` says about this function."""
        process = self._process
        seconds = self._past_seconds + (process.child.seconds if process else 0.0)
        idle = self.state is State.READY and not self.in_flight
        return {
            "name": self.spec.name,
            "state": self.state.value,
            "pid": process.child.pid if process else None,
            "starts": self.starts,
            "process_seconds": round(seconds, 3),
            "in_flight": self.in_flight,
            "idle_seconds": round(time.monotonic() - self._last_used, 3) if idle else None,
            "window_seconds": self.spec.window,
        }

    async def close(self) -> None:
        """Stop the process and start none any more."""
        self._closed = True
        if self._idle_timer is not None:
            self._idle_timer.cancel()
        if self._process is not None:
            await self._drained()
        if self._process is not None:
            await self._stop(self._process)

    async def _drained(self) -> None:
        # Those that wait for a start are told at its end; the others get their answer, unless it takes too long.
        patience = _DRAIN_PATIENCE if self.state is State.READY else 0.0
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(patience):
                await self._quiet.wait()

    async def _ready_process(self) -> FunctionProcess:
        while True:
            if self._closed:
                raise Unstartable(f"{self.spec.name} is not started: the platform is stopping")
            if self.state is State.READY and self._process is not None:
                return self._process
            if self.state is State.STOPPING and self._watching is not None:
                await asyncio.wait([self._watching])
                continue
            if self._starting is None:
                self._starting = asyncio.create_task(self._start())
                self._starting.add_done_callback(self._started)
            # One caller that gives up must not take the start away from the others.
            await asyncio.shield(self._starting)

    async def _start(self) -> None:
        self.state = State.STARTING
        began = time.monotonic()
        try:
            process = await FunctionProcess.spawn(self.spec, self._environment, self._around)
        except OSError as error:
            self.state = State.ZERO
            raise Unstartable(f"{self.spec.name} cannot be started: {error}") from None
        self.starts += 1
        self._process = process
        self._watching = asyncio.create_task(self._watch(process))
        try:
            await process.ready(self.spec, self._around)
        except Unstartable as failure:
            log.warning("%s. The end of its log:\n%s", failure, process.child.last_words())
            await self._stop(process)
            raise
        if self.state is not State.STARTING or not process.child.alive:
            raise Unstartable(f"{self.spec.name} ended as soon as it was ready")
        self.state = State.READY
        self._last_used = time.monotonic()
        self._wake_after(self.spec.window)
        log.info("%s is ready after %.2f s (pid %d)", self.spec.name, time.monotonic() - began, process.child.pid)

    def _started(self, task: asyncio.Task[None]) -> None:
        self._starting = None
        if not task.cancelled():
            # Whoever waits gets the exception, too; with nobody waiting any more it has been logged.
            task.exception()

    async def _watch(self, process: FunctionProcess) -> None:
        await process.ended()
        if self.state is State.READY:
            log.warning("%s (pid %d) has ended by itself", self.spec.name, process.child.pid)
        self._past_seconds += process.child.seconds
        self._process = None
        self.state = State.ZERO

    def _wake_after(self, seconds: float) -> None:
        self._idle_timer = asyncio.get_running_loop().call_later(seconds, self._look_if_idle)

    def _look_if_idle(self) -> None:
        process = self._process
        if self.state is not State.READY or process is None:
            return
        left = self.spec.window if self.in_flight else self._last_used + self.spec.window - time.monotonic()
        if left > 0:
            self._wake_after(left)
            return
        log.info("%s goes to zero after %g idle seconds", self.spec.name, self.spec.window)
        # At once: a request that comes now waits for the end of this process and gets another.
        self.state = State.STOPPING
        self._stopping = asyncio.create_task(self._stop(process))

    async def _stop(self, process: FunctionProcess) -> None:
        if self._process is process:
            self.state = State.STOPPING
        await process.stop(_STOP_PATIENCE, idle=not self.in_flight)
        if self._watching is not None:
            await self._watching
