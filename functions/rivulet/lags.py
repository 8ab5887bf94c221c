"""Lag features: the newest past values of a series, dense and zero-filled."""

from __future__ import annotations

import functools
from collections.abc import Sequence


def lag_vector(past: Sequence[float], n_lags: int) -> list[float]:
    """Return the `n_lags` newest of the past values, zero where there are fewer.

    Parameters
    ----------
    past
        The values before the observation, newest first.
    n_lags
        Length of the vector.
    """
    newest = list(past[:n_lags])
    return newest + [0.0] * (n_lags - len(newest))


def shifted(lags: Sequence[float], value: float) -> list[float]:
    """Return the lags one step later: `value` is the newest, the oldest falls out."""
    return [value, *lags[:-1]]


def named(lags: Sequence[float]) -> dict[str, float]:
    """Return ``{"in_1": newest, .., "in_N": oldest}``: what a model sees, in the order that it always sees."""
    return dict(zip(lag_names(len(lags)), lags, strict=True))


@functools.cache
def lag_names(count: int) -> tuple[str, ...]:
    """Return ``in_1`` to ``in_<count>``."""
    return tuple(f"in_{k}" for k in range(1, count + 1))
