"""How good a track is."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rivulet.anchors.season import SeasonDetector
from rivulet_evaluation.folding import Track

FIRST = 36  # observations that are left out: a start, of which three years of months are one
REFERENCE = "autoets"


def season_of(values: Iterable[float]) -> int:
    """Return the season's length as it is found by the end of a series, 1 for none."""
    detector = SeasonDetector()
    for value in values:
        detector.learn(value)
    return detector.season


def mean_absolute_error(values: Sequence[float], predictions: Sequence[float | None]) -> float | None:
    """Return the MAE from observation 37 on; ``None`` where there is no prediction."""
    errors = [
        abs(value - said) for value, said in zip(values[FIRST:], predictions[FIRST:], strict=True) if said is not None
    ]
    return math.fsum(errors) / len(errors) if errors else None


def scores(values: Sequence[float], season: int, tracks: Mapping[str, Track]) -> dict[str, dict[str, Any]]:
    """Return a row for each forecaster of a series.

    MASE is the MAE relative to what seasonal naive (naive, where there is no season) errs over the whole series.

    Parameters
    ----------
    tracks
        By name; that of AutoETS, if it was run, as ``autoets``.
    """
    step = season if season < len(values) else 1
    usual = math.fsum(abs(now - then) for then, now in zip(values, values[step:], strict=False)) / (len(values) - step)
    errors = {name: mean_absolute_error(values, track.predictions) for name, track in tracks.items()}
    reference = errors.get(REFERENCE)
    return {
        name: {
            "mae": error,
            "mase": _ratio(error, usual),
            "vs_autoets": _ratio(error, reference),
            "us_per_observation": round(tracks[name].seconds * 1e6, 1),
            "state_bytes": tracks[name].state_bytes,
            "fallbacks": tracks[name].fallbacks,
        }
        for name, error in errors.items()
    }


def geometric_mean(ratios: Iterable[float | None]) -> float | None:
    """Return the geometric mean of those ratios that there are, ``None`` where there is none."""
    logarithms = [math.log(ratio) for ratio in ratios if ratio]
    return math.exp(math.fsum(logarithms) / len(logarithms)) if logarithms else None


def _ratio(error: float | None, reference: float | None) -> float | None:
    return None if error is None or not reference else error / reference
