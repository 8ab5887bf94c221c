"""The zygote of a platform: started with it, warm before the first function is asked for."""

from __future__ import annotations

import socket
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from rivulet_local import zygote
from rivulet_local.child import Child
from rivulet_local.data_folder import DataFolder
from rivulet_local.forks import Forks, can_be_watched
from rivulet_local.manifests import ServiceSpec

_STOP_GRACE = 5.0
_SERVER = ("gunicorn.app.wsgiapp", "rivulet.application")
# Forked while a library's threads run, a process may hang; one thread is all that small matrices are given anyway.
_ALONE = {"OPENBLAS_NUM_THREADS": "1"}


class ZygoteProcess:
    """Starts and ends it; there is none where its forks could not be watched."""

    def __init__(self, folder: DataFolder, functions: Path) -> None:
        self._folder = folder
        self._functions = functions
        self._child: Child | None = None
        self.forks: Forks | None = None

    async def start(self, services: Iterable[ServiceSpec], environment: Mapping[str, str]) -> None:
        """Start it, and wait until it is warm."""
        if not can_be_watched():
            return
        ours, theirs = socket.socketpair()
        with theirs:
            command = [sys.executable, zygote.__file__, str(theirs.fileno()), *imported(services)]
            self._child = await Child.spawn(
                "zygote",
                command,
                folder=self._folder,
                cwd=self._functions,
                environment={**environment, **_ALONE},
                inherited=[theirs.fileno()],
            )
        self.forks = Forks(ours, environment)
        await self.forks.ready()

    async def stop(self) -> None:
        """End it."""
        if self.forks is not None:
            self.forks.close()
        if self._child is not None:
            await self._child.stop(_STOP_GRACE)


def imported(services: Iterable[ServiceSpec]) -> list[str]:
    """Return what is imported in advance: the server, and of each function its handler and its model."""
    found = dict.fromkeys(_SERVER)
    for spec in services:
        folder = spec.settings.get("FUNCTION_SOURCE", "").partition("/")[0]
        found |= {f"rivulet.handlers.{folder}": None} if folder else {}
        model = spec.settings.get("MODEL_NAME")
        found |= {f"rivulet.models.{model}": None} if model else {}
    return [*found, "rivulet.serving.worker", "functions_framework", "rivulet.web"]
