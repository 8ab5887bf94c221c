"""The log of a process does not grow without an end."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

from rivulet_local.child import Child
from rivulet_local.data_folder import DataFolder

LARGE = 21 * 1024 * 1024


async def say(folder: DataFolder, text: str) -> None:
    command = [sys.executable, "-c", f"print({text!r})"]
    child = await Child.spawn("speaker", command, folder=folder, cwd=folder.path, environment=dict(os.environ))
    await child.ended()


def test_a_log_that_is_large_is_put_aside_once(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path)
    log = folder.log_path("speaker")
    log.parent.mkdir()
    log.write_bytes(b"x" * LARGE)
    asyncio.run(say(folder, "one"))
    asyncio.run(say(folder, "two"))
    assert log.read_text() == "one\ntwo\n"
    assert log.with_suffix(".log.1").stat().st_size == LARGE
