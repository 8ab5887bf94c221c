"""The metrics of a model's series, in Prometheus' text format."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from rivulet.accuracy import MEASURES, WINDOWS

CONTENT_TYPE = CONTENT_TYPE_LATEST
_LABELS = ("series", "model")
_LAST = {
    "last_prediction": "Prediction of the newest observation.",
    "last_actual": "Value of the newest observation.",
    "last_error": "Absolute error of the newest prediction.",
}


class _Collector(Collector):
    def __init__(self, model: str, series: Mapping[str, Mapping[str, Any]]) -> None:
        self._model = model
        self._series = series

    def collect(self) -> Iterable[Metric]:
        for size in WINDOWS:
            for measure in MEASURES:
                name = f"{measure}_{size}"
                yield self._gauge(name, f"{measure.upper()} over the newest {size} predictions.")
        for name, text in _LAST.items():
            yield self._gauge(name, text)
        total = CounterMetricFamily("ml_model_predictions", "Predictions made and learned from.", labels=_LABELS)
        fallbacks = CounterMetricFamily(
            "ml_model_fallbacks", "Predictions for which the newest lag stood in, being implausible.", labels=_LABELS
        )
        steps = GaugeMetricFamily("ml_model_forecast", "What is expected next.", labels=(*_LABELS, "step"))
        for series, metrics in self._series.items():
            total.add_metric((series, self._model), metrics["count"])
            for step, value in enumerate(metrics["forecast"], 1):
                steps.add_metric((series, self._model, str(step)), value)
            fallbacks.add_metric((series, self._model), metrics.get("fallbacks", 0))
        yield total
        yield fallbacks
        yield steps

    def _gauge(self, name: str, text: str) -> Metric:
        gauge = GaugeMetricFamily(f"ml_model_{name}", text, labels=_LABELS)
        for series, value in self._values(name):
            gauge.add_metric((series, self._model), value)
        return gauge

    def _values(self, name: str) -> Iterator[tuple[str, float]]:
        return ((series, metrics[name]) for series, metrics in self._series.items() if metrics[name] is not None)


def expose(model: str, series: Mapping[str, Mapping[str, Any]]) -> bytes:
    """Return the metrics of every series of a model.

    Parameters
    ----------
    series
        The metrics of each, as its newest lesson left them.
    """
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Collector(model, series))
    return generate_latest(registry)
