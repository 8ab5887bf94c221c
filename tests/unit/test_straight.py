"""Coroutines that are run straight: resumed at once, each in its own context, and what they wait for."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from contextvars import ContextVar
from typing import Any

import pytest

from rivulet.straight import Pending, Straight, in_task, on_thread, pause

Ended = list[tuple[Any, BaseException | None]]


def run(coroutine: Coroutine[Any, None, Any]) -> Ended:
    """Run a coroutine, and return the list that will have what it ended with."""
    ended: Ended = []
    Straight(coroutine, lambda found, error: ended.append((found, error))).go_on()
    return ended


def test_it_goes_on_the_moment_that_what_it_waits_for_is_there() -> None:
    first: Pending[int] = Pending()
    second: Pending[int] = Pending()

    async def added() -> int:
        return await first + await second

    ended = run(added())
    second.settle(2)
    assert not ended
    first.settle(1)
    assert ended == [(3, None)]


def test_what_failed_is_raised_where_it_is_waited_for() -> None:
    pending: Pending[int] = Pending()
    error = ValueError("no")

    async def asked() -> str:
        try:
            await pending
        except ValueError as caught:
            return f"caught {caught}"
        return "nothing"

    ended = run(asked())
    pending.fail(error)
    assert ended == [("caught no", None)]

    async def unguarded() -> int:
        return await pending

    assert run(unguarded()) == [(None, error)]


def test_each_has_a_context_of_its_own() -> None:
    name: ContextVar[str] = ContextVar("name", default="nobody")
    doors: list[Pending[None]] = [Pending(), Pending()]

    async def called(own: str, door: Pending[None]) -> str:
        token = name.set(own)
        await door
        found = name.get()
        name.reset(token)
        return found

    ended = [run(called(own, door)) for own, door in zip(("a", "b"), doors, strict=True)]
    for door in doors:
        door.settle(None)
    assert ended == [[("a", None)], [("b", None)]]
    assert name.get() == "nobody"


def test_a_task_may_wait_for_one() -> None:
    async def threads() -> tuple[int, int]:
        await pause(0.001)
        return threading.get_ident(), await on_thread(threading.get_ident)

    loops, other = asyncio.run(in_task(threads()))
    assert loops == threading.get_ident() != other


def test_an_error_reaches_the_task() -> None:
    async def failing() -> None:
        await on_thread(int, "x")

    with pytest.raises(ValueError, match="invalid literal"):
        asyncio.run(in_task(failing()))


def test_a_task_that_gave_up_is_not_told() -> None:
    pending: Pending[int] = Pending()

    async def waiting() -> int:
        return await pending

    async def given_up() -> None:
        async with asyncio.timeout(0.01):
            await in_task(waiting())

    with pytest.raises(TimeoutError):
        asyncio.run(given_up())
    pending.settle(1)
