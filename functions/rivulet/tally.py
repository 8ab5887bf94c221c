"""What this process has counted and not handed on yet: numbers that have to outlive a pod.

One process is one function, so there is one tally, as there is one log. Counting is a dictionary's increment; the
store's telemetry carries the sums to Redis beside the work, never in its way.
"""

from __future__ import annotations

import threading
from bisect import bisect_left

# Upper bounds of the buckets of each histogram, in seconds.
FAST = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
SLOW = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
HISTOGRAMS = {"event": FAST, "chain": SLOW, "cold": SLOW}
SUM, TOP = "sum", "inf"
_LABELS = {name: (*map(repr, bounds), TOP) for name, bounds in HISTOGRAMS.items()}

Key = tuple[str, ...]

_lock = threading.Lock()
_counts: dict[Key, int] = {}
_seconds: dict[Key, float] = {}


def count(name: str, *labels: str, by: int = 1) -> None:
    """Count something, under its labels."""
    key = (name, *labels)
    with _lock:
        _counts[key] = _counts.get(key, 0) + by


def spend(name: str, *labels: str, seconds: float) -> None:
    """Add seconds to a sum."""
    key = (name, *labels)
    with _lock:
        _seconds[key] = _seconds.get(key, 0.0) + seconds


def observe(name: str, *labels: str, seconds: float) -> None:
    """Put a duration into the bucket of a histogram that it belongs to."""
    bucket = (name, *labels, _LABELS[name][bisect_left(HISTOGRAMS[name], seconds)])
    total = (name, *labels, SUM)
    with _lock:
        _counts[bucket] = _counts.get(bucket, 0) + 1
        _seconds[total] = _seconds.get(total, 0.0) + seconds


def take() -> tuple[dict[Key, int], dict[Key, float]]:
    """Return all that was counted since the last time, and begin anew."""
    global _counts, _seconds
    with _lock:
        taken = _counts, _seconds
        _counts, _seconds = {}, {}
    return taken


def put_back(counts: dict[Key, int], seconds: dict[Key, float]) -> None:
    """Take back what could not be handed on."""
    for key, number in counts.items():
        count(*key, by=number)
    for key, spent in seconds.items():
        spend(*key, seconds=spent)
