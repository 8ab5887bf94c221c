"""How long an observation's way was, stage by stage."""

from __future__ import annotations

from datetime import datetime

from rivulet import tally
from rivulet.store.notes import Arrival

_PLAUSIBLE = 3600.0  # an event that lay longer than this was replayed, or carries another clock's time


def measure(arrival: Arrival, tick_time: str | None) -> None:
    """Count the stages of a prediction's way.

    Parameters
    ----------
    arrival
        When the prediction, its lesson and its observation were written.
    tick_time
        The time of the tick that began it, if one did.
    """
    begun, now = _milliseconds(tick_time), arrival.at_ms
    observed, learned = arrival.observed_ms, arrival.learned_ms
    if begun is not None and observed is not None:
        _stage("observe", begun, observed)
    if observed is not None and learned is not None:
        _stage("learn", observed, learned)
    if learned is not None:
        _stage("record", learned, now)
    start = observed if begun is None else begun
    if start is not None:
        _stage("total", start, now)


def _stage(name: str, begin: int, end: int) -> None:
    seconds = (end - begin) / 1000
    if seconds <= _PLAUSIBLE:
        tally.observe("chain", name, seconds=max(0.0, seconds))


def _milliseconds(moment: str | None) -> int | None:
    try:
        return int(datetime.fromisoformat(moment).timestamp() * 1000) if moment else None
    except (ValueError, OverflowError, OSError):
        return None
