"""The custom collector: everything is read when it is scraped, nothing is kept between two scrapes."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from rivulet.accuracy import MEASURES, WINDOWS
from rivulet.errors import OutOfReach
from rivulet.exporter import platform, series
from rivulet.exporter.series import SeriesRows
from rivulet.exposition import model_families
from rivulet.logs import log
from rivulet.settings import Settings
from rivulet.store import Store, telemetry
from rivulet.store.overview import Overview

_SERIES, _MODEL = ("series",), ("series", "model")
_GAUGES = {
    "tick": ("rivulet_last_tick_timestamp_seconds", "When ingest got its newest tick.", _SERIES),
    "observation": ("rivulet_last_observation_timestamp_seconds", "When the newest observation came.", _SERIES),
    "prediction": ("rivulet_last_prediction_timestamp_seconds", "When the newest lesson was learned.", _MODEL),
    "lessons": ("rivulet_journal_lessons", "Lessons in the journal.", _MODEL),
    "snapshot_bytes": ("rivulet_snapshot_bytes", "Size of the newest snapshot, 0 where there is none.", _MODEL),
    "snapshot_at": ("rivulet_snapshot_timestamp_seconds", "When the newest snapshot was made.", _MODEL),
}


class RivuletCollector(Collector):
    """Reads Redis at each scrape; without Redis it still answers, and says so in ``rivulet_redis_up``.

    Parameters
    ----------
    settings
        How many series have metrics of their own, and how long a season is.
    """

    def __init__(self, settings: Settings, store: Store) -> None:
        self._settings = settings
        self._store = store
        self._overview = Overview(store, settings.models)
        self._lock = threading.Lock()  # scrapes that overlap would hold everything twice

    def collect(self) -> Iterable[Metric]:
        """Return all metrics."""
        with self._lock:
            started = time.perf_counter()
            try:
                found = [*self._found()]
            except OutOfReach as problem:
                log.warning("nothing to show: %s", problem.sentence)
                found = []
            yield GaugeMetricFamily("rivulet_redis_up", "Whether Redis answered this scrape.", value=bool(found))
            yield GaugeMetricFamily(
                "rivulet_exporter_collect_seconds", "What reading Redis took.", value=time.perf_counter() - started
            )
            yield from found

    def _found(self) -> Iterator[Metric]:
        letters, info = self._overview.size()
        yield from platform.redis_families(info)
        yield GaugeMetricFamily("rivulet_dead_letters", "Dead letters that the ledger keeps.", value=letters)
        yield from platform.service_families(telemetry.read(self._store))
        told = self._settings
        rows = series.collect(self._overview, told.exporter_series, told.season, told.seasons)
        yield from model_families(rows.models)
        yield from _series_families(rows)


def _series_families(rows: SeriesRows) -> Iterator[Metric]:
    counted = CounterMetricFamily("rivulet_observations", "Observations of the series.", labels=_SERIES)
    for labels, value in rows.samples.get("observations", ()):
        counted.add_metric(labels, value)
    yield counted
    for name, (metric, text, names) in _GAUGES.items():
        yield _gauge(rows, name, metric, text, names)
    for size in WINDOWS:
        for measure in MEASURES:
            metric, text = f"ml_baseline_{measure}_{size}", f"{measure.upper()} over the newest {size} observations."
            yield _gauge(rows, f"baseline_{measure}_{size}", metric, text, ("series", "baseline"))
    shown = GaugeMetricFamily(
        "rivulet_exporter_series", "Series, with metrics of their own or added up.", labels=["as"]
    )
    shown.add_metric(["own"], rows.own)
    shown.add_metric(["others"], rows.folded)
    yield shown


def _gauge(rows: SeriesRows, name: str, metric: str, text: str, labels: tuple[str, ...]) -> Metric:
    gauge = GaugeMetricFamily(metric, text, labels=labels)
    for values, value in rows.samples.get(name, ()):
        gauge.add_metric(values, value)
    return gauge
