"""What a learner sees of a series: its newest changes, in units of the anchor's usual error.

Nothing in it has the series' unit, level or scale, so that one set of learning rates fits every series.
"""

from __future__ import annotations

from collections.abc import Sequence

WIDEST = 6.0  # usual errors: what is further out is an outlier, and counts as this
_CHANGES = 3
_ERRORS = 2


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
        return clipped((values[-newer] - values[-older]) / scale) if older <= count else 0.0

    def error(back: int) -> float:
        return clipped(errors[-back]) if back <= len(errors) else 0.0

    seen = {f"change_{k}": between(k, k + 1) for k in range(1, _CHANGES + 1)}
    seen |= {f"error_{k}": error(k) for k in range(1, _ERRORS + 1)}
    if season > 1:
        seen["season_change"] = between(season, season + 1)
        seen["season_next"] = between(season - 1, season) if season > 2 else 0.0
        seen["season_over"] = between(1, season + 1)
        seen["season_before"] = between(season, 2 * season)
        seen["season_error"] = error(season)
    return seen


def clipped(value: float, most: float = WIDEST) -> float:
    """Return the value, or the nearest one that is no outlier."""
    return max(-most, min(most, value))
