"""The pipelined connection that requests on the event loop share, to a real Redis."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from rivulet.errors import Detour
from rivulet.store import Store
from rivulet.store.connection import Script
from rivulet.store.lane import surely
from rivulet.straight import in_task
from tests.function_processes import RedisServer

_ECHO = "return {KEYS[1], ARGV[1]}"


async def answered(run: Callable[[], Awaitable[Any]]) -> Any:
    """Ask until there is a connection."""
    for _ in range(500):
        try:
            return await run()
        except Detour:
            await asyncio.sleep(0.01)
    raise AssertionError("nothing was answered in five seconds")


async def echoed(script: Script, text: str) -> Any:
    """Run the script."""
    return await in_task(surely(script.sent(["key"], [text])))


def test_who_asks_first_has_the_connection_made(redis_server: RedisServer) -> None:
    async def ask() -> list[bytes]:
        script = Store(redis_server.url).script(_ECHO)
        with pytest.raises(Detour):
            await echoed(script, "0")
        answer: list[bytes] = await answered(lambda: echoed(script, "1"))
        return answer

    assert asyncio.run(ask()) == [b"key", b"1"]


def test_answers_come_in_the_order_of_what_was_sent(redis_server: RedisServer) -> None:
    async def ask() -> list[bytes]:
        script = Store(redis_server.url).script(_ECHO)
        await answered(lambda: echoed(script, "first"))
        return [each[1] for each in await asyncio.gather(*(echoed(script, str(k)) for k in range(100)))]

    assert asyncio.run(ask()) == [b"%d" % k for k in range(100)]


def test_an_error_of_a_script_is_a_detour_and_ends_nothing(redis_server: RedisServer) -> None:
    async def ask() -> tuple[Any, Any]:
        store = Store(redis_server.url)
        script, broken = store.script(_ECHO), store.script("return redis.call('NO-SUCH-COMMAND')")
        await answered(lambda: echoed(script, "first"))
        return await asyncio.gather(echoed(broken, "2"), echoed(script, "3"), return_exceptions=True)

    error, answer = asyncio.run(ask())
    assert isinstance(error, Detour)
    assert answer == [b"key", b"3"]


def test_a_lost_connection_is_made_again(tmp_path: Path) -> None:
    server = RedisServer(tmp_path).start()

    async def ask() -> None:
        script = Store(server.url).script(_ECHO)
        await answered(lambda: echoed(script, "1"))
        server.kill()
        with pytest.raises(Detour):
            await echoed(script, "2")
        server.start()
        assert await answered(lambda: echoed(script, "3")) == [b"key", b"3"]

    try:
        asyncio.run(ask())
    finally:
        server.stop()
