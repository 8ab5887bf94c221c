"""What the exporter says, as the terminal view needs it, and what it said before."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Mapping
from dataclasses import dataclass, field

from prometheus_client.parser import text_string_to_metric_families

_HISTORY = 60
_OF_MODELS = {
    "ml_model_last_prediction": "prediction",
    "ml_model_last_error": "error",
    "ml_model_mae_20": "mae",
    "ml_model_predictions_total": "count",
}


@dataclass
class ModelState:
    """One model's figures of a series; None where there is none yet."""

    prediction: float | None = None
    error: float | None = None
    mae: float | None = None
    count: float | None = None
    forecast: dict[int, float] = field(default_factory=dict)


@dataclass
class SeriesState:
    """One series at one moment."""

    observations: int = 0
    observed_at: float | None = None
    actual: float | None = None
    models: dict[str, ModelState] = field(default_factory=lambda: defaultdict(ModelState))
    baselines: dict[str, float] = field(default_factory=dict)


@dataclass
class Reading:
    """All that one scrape says.

    Attributes
    ----------
    pods
        Of each function, how many processes live.
    """

    redis_up: bool = False
    dead_letters: int = 0
    series: dict[str, SeriesState] = field(default_factory=lambda: defaultdict(SeriesState))
    pods: dict[str, int] = field(default_factory=dict)


def read(text: str) -> Reading:
    """Read what the exporter answered.

    Raises
    ------
    ValueError
        If these are no metrics.
    """
    reading = Reading()
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            _take(reading, sample.name, sample.labels, sample.value)
    return reading


def _take(reading: Reading, name: str, labels: Mapping[str, str], value: float) -> None:
    if name == "rivulet_redis_up":
        reading.redis_up = value == 1
    elif name == "rivulet_dead_letters":
        reading.dead_letters = int(value)
    elif name == "rivulet_function_pods":
        reading.pods[labels["service"]] = int(value)
    elif "series" in labels:
        _take_series(reading.series[labels["series"]], name, labels, value)


def _take_series(series: SeriesState, name: str, labels: Mapping[str, str], value: float) -> None:
    if name in _OF_MODELS:
        setattr(series.models[labels["model"]], _OF_MODELS[name], value)
    elif name == "ml_model_forecast":
        series.models[labels["model"]].forecast[int(labels["step"])] = value
    elif name == "ml_model_last_actual":
        series.actual = value
    elif name == "ml_baseline_mae_20":
        series.baselines[labels["baseline"]] = value
    elif name == "rivulet_observations_total":
        series.observations = int(value)
    elif name == "rivulet_last_observation_timestamp_seconds":
        series.observed_at = value


class History:
    """What was seen of one series while it was watched: one entry for each observation that was met."""

    def __init__(self) -> None:
        self._seen: deque[tuple[int, SeriesState]] = deque(maxlen=_HISTORY)

    def add(self, series: SeriesState) -> None:
        """Take in the newest state; one of the same observation takes the place of the one before."""
        number = max([series.observations, *(int(model.count or 0) for model in series.models.values())])
        if self._seen and self._seen[-1][0] == number:
            self._seen.pop()
        self._seen.append((number, series))

    def newest(self, most: int) -> list[tuple[int, SeriesState]]:
        """Return the newest entries with their numbers, newest first."""
        return list(self._seen)[::-1][:most]

    def actuals(self) -> list[float]:
        """Return the values, oldest first."""
        return [series.actual for _, series in self._seen if series.actual is not None]

    def errors(self, model: str) -> list[float]:
        """Return a model's errors, oldest first."""
        found = [series.models[model].error for _, series in self._seen if model in series.models]
        return [error for error in found if error is not None]
