"""What is told of each event that a function handles: one line in the log, counts, and a span where those are on."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

from rivulet import coldstart, events, tally
from rivulet.errors import Problem
from rivulet.events import Event
from rivulet.logs import event_line, log, tell
from rivulet.settings import Settings
from rivulet.store.telemetry import Telemetry
from rivulet.tracing import Tracing

_KINDS = {kind: kind.split(".")[-2] for kind in events.TYPES}  # observation, for dev.rivulet.observation.v1
_AGAIN = (404, 408, 409, 429)
_TOLD = (str, int)


class Handled:
    """Wraps the work on each event.

    Parameters
    ----------
    telemetry
        Told when something was counted, and what is to be done at the very end.
    """

    def __init__(self, settings: Settings, telemetry: Telemetry) -> None:
        self._wake = telemetry.wake
        self._tracing = Tracing.of(settings)
        if self._tracing:
            telemetry.at_the_end(self._tracing.close)

    @property
    def plain(self) -> bool:
        """Whether no spans are made."""
        return self._tracing is None

    def __call__(self, read: Callable[[], Event], work: Callable[[Event], Event | None]) -> Event | None:
        """Read an event and work on it; return the answer, or raise what those raise."""
        started = time.perf_counter()
        event: Event | None = None
        with event_line() as line:
            try:
                event = read()
                with self._tracing.span(event, line) if self._tracing else nullcontext():
                    answer = work(event)
                    _name(line, answer)
                return answer
            except Problem as problem:
                line |= {"outcome": _outcome(problem.status), "status": problem.status, "error": problem.sentence}
                raise
            except Exception:
                line["outcome"] = "failed"
                raise
            finally:
                self._tell(event, line, time.perf_counter() - started)

    def tell(self, event: Event, answer: Event | None, line: dict[str, Any], seconds: float) -> None:
        """Tell of an event that went well, without having wrapped the work on it."""
        _name(line, answer)
        self._tell(event, line, seconds)

    def _tell(self, event: Event | None, line: dict[str, Any], seconds: float) -> None:
        kind = _KINDS.get(event.type, "other") if event else "other"
        outcome = line["outcome"]
        tally.count("events", kind, outcome)
        tally.observe("event", kind, seconds=seconds)
        if outcome != "woken":
            coldstart.start.answered(seconds)
        self._wake()
        level = logging.WARNING if outcome == "failed" else logging.DEBUG if outcome == "woken" else logging.INFO
        if not log.isEnabledFor(level):
            return
        named = _named(event) if event else {}
        for name, value in line.items():
            if value is not None:
                named[name] = value
        named["duration_ms"] = round(seconds * 1000, 3)
        tell(level, f"{kind} {outcome}", named)


def _name(line: dict[str, Any], answer: Event | None) -> None:
    line.setdefault("outcome", "answered" if answer else "taken")
    line.setdefault("series", answer and answer.extensions.get("subject"))
    line.setdefault("seq", answer and answer.sequence)


def _named(event: Event) -> dict[str, Any]:
    data = event.data if isinstance(event.data, dict) else {}
    fields = {
        "event_id": event.id,
        "event_type": event.type,
        "trace_id": event.trace_id,
        "series": data.get("series_id") or event.extensions.get("subject"),
        "seq": data.get("seq") or event.extensions.get("sequence"),
    }
    # What a stranger sent in a field's place is not logged: only what is short and plain.
    return {name: value for name, value in fields.items() if isinstance(value, _TOLD) and len(str(value)) <= 256}


def _outcome(status: int) -> str:
    if status >= 500:
        return "failed"
    return "again" if status in _AGAIN else "refused"
