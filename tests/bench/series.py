"""The series that benchmarks feed, and the requests and lessons made of it."""

from __future__ import annotations

import functools
import json
import math
import random
from collections.abc import Iterator

from rivulet.lags import lag_vector, named

N_LAGS = 15
_LENGTH = 22_000
_LEVEL, _SWING, _NOISE, _SEASON = 100.0, 20.0, 5.0, 12


@functools.cache
def values() -> list[float]:
    """Return a yearly season with noise, the same in every run."""
    noise = random.Random(7)
    return [_LEVEL + _SWING * math.sin(2 * math.pi * i / _SEASON) + noise.gauss(0, _NOISE) for i in range(_LENGTH)]


def features_of(seq: int) -> dict[str, float]:
    """Return the features of observation `seq`, counted from 1."""
    first = max(0, seq - 1 - N_LAGS)
    return named(lag_vector(values()[first : seq - 1][::-1], N_LAGS))


def target_of(seq: int) -> float:
    """Return the value of observation `seq`."""
    return values()[seq - 1]


def body(seq: int, series: str, *, numbered: bool = True) -> bytes:
    """Return the JSON that predict_learn takes."""
    content = {"series_id": series, "features": features_of(seq), "target": target_of(seq)}
    return json.dumps(content | ({"seq": seq} if numbered else {})).encode()


def lessons(count: int) -> Iterator[tuple[dict[str, float], float]]:
    """Yield features and target of the first observations."""
    for seq in range(1, count + 1):
        yield features_of(seq), target_of(seq)
