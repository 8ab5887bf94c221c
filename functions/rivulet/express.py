"""The express way: what is usual is answered on the event loop, in the time that Redis takes for one script.

It has hardly an error of its own. Whatever is not as usual (a field that is wrong, a state that is not in memory, a
Redis that is away) raises `Detour` before anything was changed, and the same request goes the ordinary way.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Mapping

from rivulet import coldstart, events
from rivulet.answer import Answer, json_answer
from rivulet.errors import Broken, Detour, Problem
from rivulet.events import Event
from rivulet.handled import Handled
from rivulet.logs import event_line, log
from rivulet.routes import Handler, only_wakes

Headers = Mapping[str, str]
ExpressCall = Callable[[Headers, bytes], Awaitable[Answer]]


class Express:
    """Leads requests to a handler's express ways.

    Parameters
    ----------
    handler
        It may have `express_calls` (by path), `express` for events, `wake` for those that only wake it, and
        `after_answer`, called on a thread for what nobody should have to wait for. One that has none of these has
        answered what only wakes it.
    counted
        Told that there may be something that telemetry has to carry.
    """

    def __init__(self, handler: Handler, handled: Handled, counted: Callable[[], None]) -> None:
        self._handler = handler
        self._calls: Mapping[str, ExpressCall] = getattr(handler, "express_calls", {})
        self.paths = {"/", *self._calls}
        self._receive = getattr(handler, "express", None)
        self._wake = getattr(handler, "wake", None)
        self._handled = handled
        self._counted = counted
        self.after_answer: Callable[[], None] | None = getattr(handler, "after_answer", None)

    async def __call__(self, path: str, headers: Headers, body: bytes) -> Answer:
        """Answer a POST to one of its paths.

        Raises
        ------
        Detour
            If it is not as usual; nothing was changed.
        """
        try:
            return await (self._event(headers, body) if path == "/" else self._call(path, headers, body))
        except Detour:
            raise
        except Problem as problem:
            return _refusal(problem)
        except Exception:  # noqa: BLE001 - a client gets an answer, the log the traceback
            log.exception("POST %s failed", path)
            return _refusal(Broken())

    async def _call(self, path: str, headers: Headers, body: bytes) -> Answer:
        self._counted()
        if coldstart.start.done:
            return await self._calls[path](headers, body)
        started = time.perf_counter()
        answer = await self._calls[path](headers, body)
        coldstart.start.answered(time.perf_counter() - started)
        return answer

    async def _event(self, headers: Headers, body: bytes) -> Answer:
        if not self._handled.plain:
            raise Detour
        started = time.perf_counter()
        try:
            event = events.parse(headers, body)
        except Problem:
            raise Detour from None
        with event_line() as line:
            answer: Event | None = None
            if only_wakes(self._handler, event):
                line["outcome"] = "woken"
                if self._wake:  # who sent it need not wait for that
                    asyncio.get_running_loop().run_in_executor(None, self._wake, event)
            elif self._receive is None:
                raise Detour
            else:
                answer = await self._receive(event)
            self._handled.tell(event, answer, line, time.perf_counter() - started)
        if answer is None:
            return Answer(204)
        named, content = events.to_http(answer)
        return Answer(200, content, lines="".join([f"{name}: {value}\r\n" for name, value in named.items()]).encode())


def _refusal(problem: Problem) -> Answer:
    return json_answer(json.dumps({"error": problem.sentence}).encode(), problem.status)
