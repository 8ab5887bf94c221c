"""What a learner sees of a series: its newest changes, in units of the anchor's usual error.

Nothing in it has the series' unit, level or scale, so that one set of learning rates fits every series.
"""

from __future__ import annotations

from collections.abc import Sequence

WIDEST = 6.0  # usual errors: what is further out is an outlier, and counts as this
_CHANGES = ("change_1", "change_2", "change_3")
_ERRORS = ("error_1", "error_2")
_SEASONAL = ("season_change", "season_next", "season_over", "season_before", "season_error")
NAMES = (*_CHANGES, *_ERRORS, *_SEASONAL)


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
    count = len(values)

    def between(newer: int, older: int) -> float:
        if older > count:
            return 0.0
        value = (values[-newer] - values[-older]) / scale
        return value if -WIDEST < value < WIDEST else clipped(value)

    known = len(errors)
    seen = {name: between(k, k + 1) for k, name in enumerate(_CHANGES, 1)}
    for k, name in enumerate(_ERRORS, 1):
        seen[name] = clipped(errors[-k]) if k <= known else 0.0
    if season > 1:
        seen["season_change"] = between(season, season + 1)
        seen["season_next"] = between(season - 1, season) if season > 2 else 0.0
        seen["season_over"] = between(1, season + 1)
        seen["season_before"] = between(season, 2 * season)
        seen["season_error"] = clipped(errors[-season]) if season <= known else 0.0
    return seen


def clipped(value: float, most: float = WIDEST) -> float:
    """Return the value, or the nearest one that is no outlier."""
    return value if -most < value < most else max(-most, min(most, value))
