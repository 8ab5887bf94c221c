"""What a learner sees of a series: its newest changes, in units of the anchor's usual error.

Nothing in it has the series' unit, level or scale, so that one set of learning rates fits every series.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Sequence

WIDEST = 6.0  # usual errors: what is further out is an outlier, and counts as this
_NEVER = sys.maxsize  # further back than any value
_CHANGES = (("change_1", 1, 2), ("change_2", 2, 3), ("change_3", 3, 4))
_ERRORS = ("error_1", "error_2")
_SEASONAL = ("season_change", "season_next", "season_over", "season_before", "season_error")
NAMES = (*[name for name, _, _ in _CHANGES], *_ERRORS, *_SEASONAL)


def inputs(values: Sequence[float], season: int, scale: float, errors: Sequence[float]) -> dict[str, float]:
    """Return the features of the value that comes after `values`.

    Parameters
    ----------
    values
        What was observed, oldest first, at least one value. Where it does not reach back far enough, a feature is 0.
    season
        Length of the season, 1 for none.
    scale
        The anchor's usual absolute error, above zero.
    errors
        The anchor's signed errors in units of `scale` at their time, oldest first.

    Returns
    -------
    dict
        ``change_1 ..``: the newest changes; ``error_1 ..``: the anchor's newest errors. With a season also
        ``season_change``: the change of last season's same step; ``season_next``: the one after it; ``season_over``:
        this season over the last; ``season_before``: the last season over the one before; ``season_error``.
    """
    count, known = len(values), len(errors)
    seen: dict[str, float] = {}
    for name, newer, older in _CHANGES:
        value = (values[-newer] - values[-older]) / scale if older <= count else 0.0
        seen[name] = value if -WIDEST < value < WIDEST else clipped(value)
    for back, name in enumerate(_ERRORS, 1):
        seen[name] = clipped(errors[-back]) if back <= known else 0.0
    if season > 1:
        for name, newer, older in _differences(season):
            value = (values[-newer] - values[-older]) / scale if older <= count else 0.0
            seen[name] = value if -WIDEST < value < WIDEST else clipped(value)
        seen["season_error"] = clipped(errors[-season]) if season <= known else 0.0
    return seen


@functools.cache
def _differences(season: int) -> tuple[tuple[str, int, int], ...]:
    """Return names, and which values they are the difference of, where the newest is the first."""
    return (
        ("season_change", season, season + 1),
        ("season_next", season - 1, season) if season > 2 else ("season_next", 1, _NEVER),
        ("season_over", 1, season + 1),
        ("season_before", season, 2 * season),
    )


def clipped(value: float, most: float = WIDEST) -> float:
    """Return the value, or the nearest one that is no outlier."""
    return value if -most < value < most else max(-most, min(most, value))
