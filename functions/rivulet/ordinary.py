"""The ordinary way of a request: worked on by a thread that may wait, whatever is wrong with it, and always answered.

Whatever a client sends, it gets a status and, where that is not 2xx, a sentence: ``{"error": "<sentence>"}``.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from typing import Any

from rivulet import coldstart, events
from rivulet.answer import Answer
from rivulet.errors import Broken, Problem
from rivulet.events import Event
from rivulet.handled import Handled
from rivulet.logs import log, remark
from rivulet.routes import HEALTH, Call, Handler, Route, Text, only_wakes

_JSON = (b"content-type", b"application/json")


class Ordinary:
    """Has a handler answer, and tells of it.

    Parameters
    ----------
    counted
        Told that there may be something that telemetry has to carry.
    """

    def __init__(self, handler: Handler, handled: Handled, counted: Callable[[], None]) -> None:
        self._handler = handler
        self._handled = handled
        self._counted = counted

    def deliver(self, headers: Mapping[str, str], body: bytes) -> Answer:
        """Answer an event."""

        def work() -> Answer:
            answer = self._handled(lambda: events.parse(headers, body), self._receive)
            if answer is None:
                return Answer(204)
            named, content = events.to_http(answer)
            return Answer(200, content, [(name.lower().encode(), value.encode()) for name, value in named.items()])

        return guarded("POST /", work, told=True)

    def answer(self, route: Route, path: str, call: Callable[[], Call]) -> Answer:
        """Answer a request to an address for people."""
        started = time.perf_counter()
        answer = guarded(f"{route.method} {path}", lambda: _answer(route.answer(call())))
        if route.rule != HEALTH:
            coldstart.start.answered(time.perf_counter() - started)
        self._counted()
        return answer

    def _receive(self, event: Event) -> Event | None:
        if only_wakes(self._handler, event):
            remark(outcome="woken")
            return None
        return self._handler.receive(event)


def guarded(asked: str, work: Callable[[], Answer], told: bool = False) -> Answer:
    """Return an answer, or the sentence that says why there is none.

    Parameters
    ----------
    asked
        Method and address, for the log.
    told
        Whether the log has a line of its own for it.
    """
    try:
        return work()
    except Problem as problem:
        if not told:
            level = log.warning if problem.status >= 500 else log.info
            level("%s: %d %s", asked, problem.status, problem.sentence)
        return _problem(problem)
    except Exception:  # noqa: BLE001 - a client gets an answer, the log the traceback
        log.exception("%s failed", asked)
        return _problem(Broken())


def _answer(found: Any) -> Answer:
    if found is None:
        return Answer(204)
    if isinstance(found, Text):
        return Answer(200, found.body, [(b"content-type", found.content_type.encode())])
    status, value = found if isinstance(found, tuple) else (200, found)
    return Answer(status, json.dumps(value, allow_nan=False).encode(), [_JSON])


def _problem(problem: Problem) -> Answer:
    again = problem.retry_after
    later = [(b"retry-after", str(again).encode())] if again is not None else []
    return Answer(problem.status, json.dumps({"error": problem.sentence}).encode(), [_JSON, *later])
