"""The metrics of models, in Prometheus' text format."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from rivulet.accuracy import MEASURES, WINDOWS

CONTENT_TYPE = CONTENT_TYPE_LATEST
ERRORS = tuple(f"{measure}_{size}" for size in WINDOWS for measure in MEASURES)
LAST = {
    "last_prediction": "Prediction of the newest observation.",
    "last_actual": "Value of the newest observation.",
    "last_error": "Absolute error of the newest prediction.",
}
_LABELS = ("series", "model")

Row = tuple[str, str, Mapping[str, Any]]  # series, model, metrics as its newest lesson left them


def model_families(rows: Sequence[Row]) -> Iterator[Metric]:
    """Return what is exposed of each series and model; what a row does not have is left out."""
    for name in ERRORS:
        measure, _, size = name.partition("_")
        unit = ", in percent" if measure == "mape" else ""
        yield _gauge(rows, name, f"{measure.upper()} over the newest {size} predictions{unit}.")
    for name, text in LAST.items():
        yield _gauge(rows, name, text)
    total = CounterMetricFamily("ml_model_predictions", "Predictions made and learned from.", labels=_LABELS)
    fallbacks = CounterMetricFamily(
        "ml_model_fallbacks", "Predictions for which the newest lag stood in, being implausible.", labels=_LABELS
    )
    steps = GaugeMetricFamily("ml_model_forecast", "What is expected next.", labels=(*_LABELS, "step"))
    for series, model, metrics in rows:
        total.add_metric((series, model), metrics["count"])
        fallbacks.add_metric((series, model), metrics.get("fallbacks") or 0)
        for step, value in enumerate(metrics.get("forecast") or (), 1):
            steps.add_metric((series, model, str(step)), value)
    yield total
    yield fallbacks
    yield steps


def _gauge(rows: Sequence[Row], name: str, text: str) -> Metric:
    gauge = GaugeMetricFamily(f"ml_model_{name}", text, labels=_LABELS)
    for series, model, metrics in rows:
        value = metrics.get(name)
        if value is not None:
            gauge.add_metric((series, model), value)
    return gauge


class _Rows(Collector):
    def __init__(self, rows: Sequence[Row]) -> None:
        self._rows = rows

    def collect(self) -> Iterable[Metric]:
        return model_families(self._rows)


def expose(model: str, series: Mapping[str, Mapping[str, Any]]) -> bytes:
    """Return the metrics of every series of a model.

    Parameters
    ----------
    series
        The metrics of each, as its newest lesson left them.
    """
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Rows([(name, model, metrics) for name, metrics in series.items()]))
    return generate_latest(registry)
