"""One model over one series, lesson by lesson, as a function does it."""

from __future__ import annotations

import pickle
import time
from collections.abc import Sequence
from dataclasses import dataclass

from rivulet.champion import Champion
from rivulet.fold import State
from rivulet.lags import lag_vector, shifted
from rivulet_evaluation.raw import found

STEPS = 5  # of the forecast that is made with each lesson


@dataclass(frozen=True)
class Track:
    """What one forecaster said of a series.

    Attributes
    ----------
    predictions
        One for each observation, made before it was seen; ``None`` where there was nothing to make it from.
    seconds
        What a lesson took on average: predict, learn, and the forecast that is recorded with it.
    state_bytes
        Size of the state after the last lesson.
    fallbacks
        How many predictions were replaced by the newest value, being implausible.
    """

    predictions: list[float | None]
    seconds: float = 0.0
    state_bytes: int = 0
    fallbacks: int = 0


def fold(model: str, values: Sequence[float], n_lags: int, season: int | None) -> Track:
    """Let a model predict, learn and look ahead, value by value.

    Parameters
    ----------
    model
        The definition's name, or that of a learner on raw lags.
    season
        Length of the season, where it is given.
    """
    state = State(found(model), season)
    lags = lag_vector([], n_lags)
    predictions: list[float | None] = []
    started = time.perf_counter()
    for seq, value in enumerate(values, 1):
        prediction, fallback = state.assess(lags)
        state.learn(lags, value, prediction, seq, fallback)
        state.forecast(state.next_lags, STEPS)
        predictions.append(prediction)
        lags = shifted(lags, value)
    seconds = (time.perf_counter() - started) / len(values)
    return Track(predictions, seconds, len(pickle.dumps(state, pickle.HIGHEST_PROTOCOL)), state.fallbacks)


def combine(models: dict[str, Track], values: Sequence[float], season: int) -> dict[str, Track]:
    """Return the champion of the models and the baselines, and the baselines."""
    champion = Champion(season)
    said: list[float | None] = []
    baselines: dict[str, list[float | None]] = {name: [] for name in champion.baselines.accuracy}
    started = time.perf_counter()
    for seq, value in enumerate(values, 1):
        for name, predictions in baselines.items():
            predictions.append(champion.baselines.forecasts(1).get(name, [None])[0])
        own = {name: track.predictions[seq - 1] for name, track in models.items()}
        said.append(champion.add(seq, value, {name: value for name, value in own.items() if value is not None}))
    seconds = (time.perf_counter() - started) / len(values)
    return {
        **{name: Track(predictions) for name, predictions in baselines.items()},
        "champion": Track(said, seconds, len(pickle.dumps(champion, pickle.HIGHEST_PROTOCOL))),
    }
