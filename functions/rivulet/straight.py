"""Coroutines that are run straight: without a task, each resumed the very moment that what it waits for is there.

An event loop's task waits for its turn three times: to begin, to be resumed, and to tell that it ended. Where one
request is worked on at a time, that is a tenth of what it takes.
"""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Callable, Coroutine, Generator
from typing import Any, Generic, TypeVar, cast

T = TypeVar("T")


class Pending(Generic[T]):
    """What is not there yet. A coroutine that is run straight may wait for it, but only one."""

    __slots__ = ("_error", "_resume", "_value", "done")

    def __init__(self) -> None:
        self.done = False
        self._error: BaseException | None = None
        self._value: Any = None
        self._resume: Callable[[], None] | None = None

    def settle(self, value: T) -> None:
        """Let it be there: who waits goes on before this returns."""
        self._value = value
        self._end()

    def fail(self, error: BaseException) -> None:
        """Have an error raised where it is waited for."""
        self._error = error
        self._end()

    def then(self, resume: Callable[[], None]) -> None:
        """Have something called when it is there."""
        self._resume = resume

    def __await__(self) -> Generator[Pending[T], None, T]:
        if not self.done:
            yield self
        if self._error is not None:
            raise self._error
        value: T = self._value
        return value

    def _end(self) -> None:
        self.done = True
        if self._resume is not None:
            self._resume()


class Straight(Generic[T]):
    """A coroutine on its way.

    Parameters
    ----------
    ended
        Called with what it returned, or with the error that it ended with.
    """

    __slots__ = ("_context", "_coroutine", "_ended")

    def __init__(
        self, coroutine: Coroutine[Any, None, T], ended: Callable[[T | None, BaseException | None], None]
    ) -> None:
        self._coroutine = coroutine
        self._ended: Callable[[T | None, BaseException | None], None] | None = ended
        self._context = contextvars.copy_context()

    def cancel(self, msg: str | None = None) -> None:
        """Let it end by itself, as it does soon: nothing that it waits for takes longer than Redis may."""

    def go_on(self) -> None:
        """Run it up to where it has to wait, or to its end."""
        try:
            pending = self._context.run(self._coroutine.send, None)
        except StopIteration as stop:
            self._end(stop.value, None)
        except BaseException as error:  # noqa: BLE001 - whoever waits gets it
            self._end(None, error)
        else:
            pending.then(self.go_on)

    def _end(self, found: T | None, error: BaseException | None) -> None:
        ended, self._ended = self._ended, None  # which may know this, so that both would wait for a collection
        if ended is not None:
            ended(found, error)


def pause(seconds: float) -> Pending[None]:
    """Return what is there after a while."""
    pending: Pending[None] = Pending()
    asyncio.get_running_loop().call_later(seconds, pending.settle, None)
    return pending


def on_thread(work: Callable[..., T], *args: Any) -> Pending[T]:
    """Return what a thread finds out."""
    loop = asyncio.get_running_loop()
    pending: Pending[T] = Pending()

    def run() -> None:
        try:
            found = work(*args)
        except Exception as error:  # noqa: BLE001 - whoever waits gets it
            loop.call_soon_threadsafe(pending.fail, error)
        else:
            loop.call_soon_threadsafe(pending.settle, found)

    loop.run_in_executor(None, run)
    return pending


_tasks: set[asyncio.Task[Any]] = set()  # the event loop itself does not keep them


def of_task(coroutine: Coroutine[Any, Any, T]) -> Pending[T]:
    """Return what a coroutine finds out that waits for what only a task can wait for."""
    pending: Pending[T] = Pending()

    def ended(task: asyncio.Task[T]) -> None:
        _tasks.discard(task)
        if task.cancelled():
            pending.fail(ConnectionAbortedError("the event loop ends"))
        elif (error := task.exception()) is not None:
            pending.fail(error)
        else:
            pending.settle(task.result())

    task = asyncio.get_running_loop().create_task(coroutine)
    _tasks.add(task)
    task.add_done_callback(ended)
    return pending


async def in_task(coroutine: Coroutine[Any, None, T]) -> T:
    """Run a coroutine straight, and wait for it in a task."""
    future: asyncio.Future[T] = asyncio.get_running_loop().create_future()

    def ended(found: T | None, error: BaseException | None) -> None:
        if future.done():
            return  # the task was cancelled
        if error is not None:
            future.set_exception(error)
        else:
            future.set_result(cast(T, found))

    Straight(coroutine, ended).go_on()
    return await future
