"""The exporter: one process beside the functions, which always runs, as on a cluster."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sys
from collections.abc import Mapping
from pathlib import Path

from rivulet_local.child import Child
from rivulet_local.data_folder import DataFolder
from rivulet_local.ports import free_port, listen

log = logging.getLogger(__name__)

_STOP_GRACE = 5.0
_LONGEST_PAUSE = 30.0


class ExporterProcess:
    """The exporter of one platform; when it ends by itself it is started again, on the same port.

    Parameters
    ----------
    folder
        Where its log goes.
    functions
        The folder that is ``/app`` in the image.
    host, port
        Where it listens; port 0 takes any free one.

    Raises
    ------
    PlatformError
        If the port is taken.
    """

    def __init__(self, folder: DataFolder, functions: Path, host: str, port: int) -> None:
        with contextlib.closing(listen(host, port, "RIVULET_EXPORTER_PORT")):
            self._port = port or free_port()
        self._host = host
        self._folder = folder
        self._functions = functions
        self._child: Child | None = None
        self._keeper: asyncio.Task[None] | None = None

    @property
    def url(self) -> str:
        """Where the metrics are."""
        host = "127.0.0.1" if self._host == "0.0.0.0" else f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{self._port}/metrics"

    async def start(self, environment: Mapping[str, str]) -> None:
        """Start it; nobody waits for it, as nothing depends on it."""
        own = {"EXPORTER_HOST": self._host, "EXPORTER_PORT": str(self._port), "K_SERVICE": "exporter"}
        self._child = await self._spawn({**environment, **own})
        self._keeper = asyncio.create_task(self._keep({**environment, **own}))

    async def stop(self) -> None:
        """Stop it."""
        if self._keeper is not None:
            self._keeper.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._keeper
        if self._child is not None:
            await self._child.stop(_STOP_GRACE)

    async def _spawn(self, environment: Mapping[str, str]) -> Child:
        command = [sys.executable, "-m", "exporter.main"]
        return await Child.spawn("exporter", command, folder=self._folder, cwd=self._functions, environment=environment)

    async def _keep(self, environment: Mapping[str, str]) -> None:
        pause = 0.1
        while True:
            assert self._child is not None
            await self._child.ended()
            pause = 0.1 if self._child.seconds > _LONGEST_PAUSE else min(2 * pause, _LONGEST_PAUSE)
            log.warning("the exporter has ended by itself: %s", self._child.last_words().rpartition("\n")[2])
            await asyncio.sleep(pause)
            self._child = await self._spawn(environment)
