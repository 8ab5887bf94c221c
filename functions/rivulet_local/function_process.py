"""One process of a function: started by the command of its image, ready when its probe says so."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from rivulet_local.child import Child
from rivulet_local.data_folder import DataFolder
from rivulet_local.errors import Unstartable
from rivulet_local.forks import Forks
from rivulet_local.manifests import ServiceSpec
from rivulet_local.ports import free_port
from rivulet_local.wire import KEPT_ALIVE, Wire

_POLL = 0.015
_PROBE_TIMEOUT = aiohttp.ClientTimeout(total=5)
# Bodies pass as they are, and what a caller did not say is not said for it.
_NOT_ADDED = ("Accept", "Accept-Encoding", "User-Agent", "Content-Type")
_IMAGE_ROOT = "/app"


@dataclass(frozen=True)
class Surroundings:
    """What all functions of a platform share.

    Attributes
    ----------
    folder
        Where their logs are.
    functions
        The folder that is ``/app`` in the image.
    ready_timeout
        Seconds within which they have to become ready.
    forks
        What may fork them.
    """

    folder: DataFolder
    functions: Path
    ready_timeout: float
    forks: Forks | None = None


@dataclass(frozen=True)
class FunctionProcess:
    """A process of a function, the address that it listens at, and the connections to it.

    Attributes
    ----------
    session, wire
        Connections for the requests of people, and for deliveries.
    """

    child: Child
    address: str
    session: aiohttp.ClientSession
    wire: Wire

    @classmethod
    async def spawn(cls, spec: ServiceSpec, environment: Mapping[str, str], around: Surroundings) -> FunctionProcess:
        """Start the process; it is not ready yet."""
        port = free_port()
        own = {"PORT": str(port), "GUNICORN_CMD_ARGS": f"--bind 127.0.0.1:{port}"}
        child = await Child.spawn(
            spec.name,
            _command(spec.command),
            folder=around.folder,
            cwd=around.functions / spec.working_dir.removeprefix(_IMAGE_ROOT).lstrip("/"),
            environment={**environment, **own},
            forks=around.forks,
        )
        return cls(child, f"http://127.0.0.1:{port}", _client_session(), Wire(port))

    async def stop(self, grace: float, *, idle: bool) -> None:
        """Stop the process; when it is idle, its connections go first.

        gunicorn lingers for seconds if a connection that it could still be asked over is open.
        """
        if idle:
            await self._disconnect()
        await self.child.stop(grace)

    async def ended(self) -> None:
        """Wait until the process has ended."""
        await self.child.ended()
        await self._disconnect()

    async def _disconnect(self) -> None:
        self.wire.close()
        await self.session.close()

    async def ready(self, spec: ServiceSpec, around: Surroundings) -> None:
        """Wait until the process answers its readiness probe.

        Raises
        ------
        Unstartable
            If it ends, or takes too long.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + around.ready_timeout
        while self.child.alive and loop.time() < deadline:
            try:
                probe = self.session.get(self.address + spec.health_path, timeout=_PROBE_TIMEOUT)
                async with probe as response:
                    if response.status < 400:
                        return
            except (aiohttp.ClientError, TimeoutError, OSError):
                # Nothing listens there yet, or it is busy starting; the deadline ends this.
                pass
            await asyncio.sleep(_POLL)
        if self.child.alive:
            raise Unstartable(f"{spec.name} did not become ready within {around.ready_timeout:g} s")
        raise Unstartable(f"{spec.name} ended before it was ready")


def _client_session() -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=KEPT_ALIVE),
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        skip_auto_headers=_NOT_ADDED,
    )


def _command(words: tuple[str, ...]) -> list[str]:
    # gunicorn is the one beside this Python, whatever the PATH says.
    return [sys.executable, "-m", *words] if words[0] == "gunicorn" else list(words)
