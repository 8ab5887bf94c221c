"""One process of a function: started by the command of its image, ready when its probe says so."""

from __future__ import annotations

import asyncio
import sys
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from rivulet_local.child import Child
from rivulet_local.data_folder import DataFolder
from rivulet_local.environment import function_environment
from rivulet_local.errors import Unstartable
from rivulet_local.manifests import ServiceSpec
from rivulet_local.ports import free_port

_POLL = 0.015
_PROBE_TIMEOUT = aiohttp.ClientTimeout(total=5)
_IMAGE_ROOT = "/app"


@dataclass(frozen=True)
class Surroundings:
    """What all functions of a platform share.

    Attributes
    ----------
    functions
        The folder that is ``/app`` in the image.
    user, overrides, platform, secret
        Parts of a function's environment; see :func:`function_environment`.
    """

    folder: DataFolder
    functions: Path
    session: aiohttp.ClientSession
    ready_timeout: float
    user: dict[str, str]
    overrides: dict[str, str]
    platform: dict[str, str]
    secret: dict[str, str]


@dataclass(frozen=True)
class FunctionProcess:
    """A process of a function and the address that it listens at."""

    child: Child
    address: str

    @classmethod
    async def spawn(cls, spec: ServiceSpec, around: Surroundings) -> FunctionProcess:
        """Start the process; it is not ready yet."""
        port = free_port()
        environment = function_environment(
            spec,
            user=around.user,
            overrides=around.overrides,
            secret=around.secret,
            platform=around.platform,
        )
        environment |= {"PORT": str(port), "GUNICORN_CMD_ARGS": f"--bind 127.0.0.1:{port}"}
        child = await Child.spawn(
            spec.name,
            _command(spec.command),
            folder=around.folder,
            cwd=around.functions / spec.working_dir.removeprefix(_IMAGE_ROOT).lstrip("/"),
            environment=environment,
        )
        return cls(child, f"http://127.0.0.1:{port}")

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
                probe = around.session.get(self.address + spec.health_path, timeout=_PROBE_TIMEOUT)
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


def _command(words: tuple[str, ...]) -> list[str]:
    # gunicorn is the one beside this Python, whatever the PATH says.
    return [sys.executable, "-m", *words] if words[0] == "gunicorn" else list(words)
