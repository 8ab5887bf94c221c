"""Processes that are forked from a warm Python are what `python -m` would have made of them."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from rivulet_local import zygote
from rivulet_local.child import Child
from rivulet_local.data_folder import DataFolder
from rivulet_local.forks import Forks

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere functions are not forked")

TOLD = """
import atexit, json, os, random, sys
atexit.register(print, "the end", flush=True)
told = {"name": __name__, "argv": sys.argv, "path": sys.path[0], "folder": os.getcwd()}
told |= {"environment": dict(os.environ), "random": random.random(), "warm": "colorsys" in sys.modules}
told |= {"group": os.getpgid(0) == os.getsid(0) == os.getpid()}
print(json.dumps(told), flush=True)
"""
WAITING = "import time\nprint('waiting', flush=True)\nwhile True: time.sleep(1)\n"
ENVIRONMENT = {"PATH": os.defpath, "LC_ALL": "C.UTF-8", "PYTHONHASHSEED": "0"}

Spawn = Callable[..., Awaitable[Child]]


class Site:
    """A zygote, and what it is asked for."""

    def __init__(self, path: Path, folder: DataFolder, forks: Forks, process: Child) -> None:
        self.path = path
        self.folder = folder
        self.forks = forks
        self.process = process

    async def spawn(self, module: str, *arguments: str, **environment: str) -> Child:
        """Start ``python -m <module>`` in the folder."""
        return await Child.spawn(
            module,
            [sys.executable, "-m", module, *arguments],
            folder=self.folder,
            cwd=self.path,
            environment={**ENVIRONMENT, **environment},
            forks=self.forks,
        )

    async def told(self, **environment: str) -> dict[str, Any]:
        """Start a process that tells what it is, and wait for its end."""
        child = await self.spawn("told", "--word", "another word", **environment)
        await child.ended()
        assert not child.alive
        *_, line, end = child.last_words().splitlines()
        assert end == "the end"
        found: dict[str, Any] = json.loads(line)
        return found


@contextlib.asynccontextmanager
async def warm(path: Path, *modules: str) -> AsyncIterator[Site]:
    """Start a zygote in a folder with two modules."""
    (path / "told.py").write_text(TOLD)
    (path / "waiting.py").write_text(WAITING)
    folder = DataFolder(path / "data")
    with folder.locked():
        ours, theirs = socket.socketpair()
        with theirs:
            process = await Child.spawn(
                "zygote",
                [sys.executable, zygote.__file__, str(theirs.fileno()), "colorsys", *modules],
                folder=folder,
                cwd=path,
                environment=ENVIRONMENT,
                inherited=[theirs.fileno()],
            )
        forks = Forks(ours, ENVIRONMENT)
        await forks.ready()
        yield Site(path, folder, forks, process)
        forks.close()
        await process.stop(5)


async def until(seen: Callable[[], bool]) -> None:
    """Wait until something is seen."""
    async with asyncio.timeout(10):
        while not seen():  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.01)


def test_a_fork_is_what_python_m_makes(tmp_path: Path) -> None:
    async def both() -> tuple[dict[str, Any], dict[str, Any]]:
        async with warm(tmp_path) as site:
            forked = await site.told(OWN="ä = 1\n")
            new = await site.told(OWN="ä = 1\n", PYTHONUTF8="1")
            return forked, new

    forked, new = asyncio.run(both())
    assert (forked.pop("warm"), new.pop("warm")) == (True, False)
    assert forked.pop("random") != new.pop("random")
    assert new["environment"].pop("PYTHONUTF8") == "1"
    assert forked == new
    assert forked["group"]
    assert forked["argv"] == [str(tmp_path / "told.py"), "--word", "another word"]


def test_forks_draw_random_numbers_of_their_own(tmp_path: Path) -> None:
    async def drawn() -> set[float]:
        async with warm(tmp_path, "random") as site:
            return {(await site.told())["random"] for _ in range(5)}

    assert len(asyncio.run(drawn())) == 5


@pytest.mark.parametrize("how", ["stop", "kill", "signal"])
def test_the_end_of_a_fork_is_noticed(tmp_path: Path, how: str) -> None:
    async def ended() -> None:
        async with warm(tmp_path) as site:
            child = await site.spawn("waiting")
            await until(lambda: "waiting" in child.last_words())
            assert psutil.Process(child.pid).name() == "waiting"
            if how == "stop":
                await child.stop(5)
            elif how == "kill":
                child.kill()
            else:
                os.kill(child.pid, signal.SIGKILL)
            async with asyncio.timeout(5):
                await child.ended()
            assert not child.alive
            assert not psutil.pid_exists(child.pid)

    asyncio.run(ended())


def test_what_cannot_be_imported_in_advance_is_told_and_left_out(tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text("raise RuntimeError('no such luck')")

    async def tried() -> str:
        async with warm(tmp_path, "broken", "no.such.module") as site:
            assert (await site.told())["warm"]
            return site.process.last_words()

    said = asyncio.run(tried())
    assert "broken is not imported in advance: no such luck" in said
    assert "no.such.module is not imported in advance: No module named 'no'" in said


def test_without_a_zygote_processes_are_started_as_ever(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def started() -> list[bool]:
        async with warm(tmp_path) as site:
            waiting = await site.spawn("waiting")
            await until(lambda: "waiting" in waiting.last_words())
            site.process.kill()
            await site.process.ended()
            found = [(await site.told())["warm"] for _ in range(2)]
            assert waiting.alive  # it does not need the zygote any more
            await waiting.stop(5)
            return found

    assert asyncio.run(started()) == [False, False]
    assert len([each for each in caplog.records if "start without a zygote from now on" in each.getMessage()]) == 1
