"""AutoETS of statsforecast, one step ahead: chosen and fitted anew each season, updated in between.

A reference that sees the whole past at each fit, for what online models reach in one pass.
"""

from __future__ import annotations

from collections.abc import Sequence

from rivulet_evaluation.folding import Track

_LONGEST_SEASON = 24  # of AutoETS' own seasonal forms
_REFIT = 12  # observations, where there is no season


def autoets(values: Sequence[float], season: int, first: int) -> Track:
    """Predict each value from number `first` (from 0) on.

    Parameters
    ----------
    season
        Its length, 1 for none; one longer than 24 is left out, as AutoETS has no form for it.
    """
    import numpy as np
    from statsforecast.models import AutoETS

    array = np.asarray(values, dtype=float)
    every = season if season > 1 else _REFIT
    predictions: list[float | None] = [None] * min(first, len(array))
    model = AutoETS(season_length=season if season <= _LONGEST_SEASON else 1)
    for at in range(first, len(array)):
        if (at - first) % every == 0:
            model.fit(array[:at])
            found = model.predict(h=1)
        else:
            found = model.forward(y=array[:at], h=1)
        predictions.append(float(found["mean"][0]))
    return Track(predictions)
