"""A Redis, and exporters against it, for the tests here."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.exporter.running import Exporter
from tests.function_processes import FunctionProcess, RedisServer

Start = Callable[..., FunctionProcess]


@pytest.fixture
def redis_server(tmp_path: Path) -> Iterator[RedisServer]:
    """Return a Redis of the test's own."""
    server = RedisServer(tmp_path / "redis").start()
    yield server
    server.stop()


@pytest.fixture
def start(tmp_path: Path, redis_server: RedisServer) -> Iterator[Start]:
    """Return what starts a function."""
    with ExitStack() as stack:

        def started(source: str, **settings: str) -> FunctionProcess:
            own = {"REDIS_URL": redis_server.url, "SNAPSHOT_KEY": "tests", **settings}
            process = FunctionProcess(tmp_path, source=source, settings=own).start()
            stack.callback(process.stop)
            return process

        yield started


@pytest.fixture
def exporter(tmp_path: Path, redis_server: RedisServer) -> Iterator[Exporter]:
    """Return an exporter's process."""
    process = Exporter(tmp_path, redis_url=redis_server.url).start()
    yield process
    process.stop()


def log_lines(process: FunctionProcess) -> list[dict[str, object]]:
    """Return what a function has logged."""
    return [json.loads(line) for line in process.log().splitlines() if line.startswith("{")]
