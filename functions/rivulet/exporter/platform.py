"""The metrics of the platform: what functions have counted, and what Redis says of itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric

from rivulet import tally
from rivulet.store.telemetry import ServiceReport

Reports = Mapping[str, ServiceReport]

_COUNTERS = {
    "duplicates": ("rivulet_duplicates_absorbed", "Repetitions that were answered and changed nothing."),
    "filled": ("rivulet_gaps_filled", "Lessons that were learned from the record, since their event had not come."),
    "late": ("rivulet_late_observations", "Observations that came after their gap was closed."),
    "conflicts": ("rivulet_conflicts", "Commits that another process was first with."),
    "restores": ("rivulet_restores", "States that were folded from Redis."),
    "replayed": ("rivulet_restored_lessons", "Lessons that were replayed for that."),
    "dead_letters": ("rivulet_dead_letters_received", "Events that the Broker gave up."),
    "process_seconds": ("rivulet_function_process_seconds", "For how long processes of the function have lived."),
}
_HISTOGRAMS = {
    "event": ("rivulet_event_duration_seconds", "How long the function worked on an event.", "type"),
    "chain": ("rivulet_chain_latency_seconds", "How long an observation took to become recorded predictions.", "stage"),
    "cold": ("rivulet_cold_start_seconds", "What a new process had to do first.", "phase"),
}
# There from the start, at zero: a counter that appears at one has no rate.
_ALWAYS = {"cold": {"import", "restore", "answer"}}
_REDIS_GAUGES = {
    "used_memory": ("redis_memory_used_bytes", "Bytes that Redis has allocated."),
    "used_memory_rss": ("redis_memory_used_rss_bytes", "Bytes that the system gave to Redis."),
    "maxmemory": ("redis_memory_max_bytes", "The limit, 0 for none."),
    "connected_clients": ("redis_connected_clients", "Connections."),
    "uptime_in_seconds": ("redis_uptime_in_seconds", "For how long Redis has run."),
    "instantaneous_ops_per_sec": ("redis_instantaneous_ops_per_sec", "Commands in a second."),
    "aof_enabled": ("redis_aof_enabled", "Whether the append-only file is on."),
    "aof_current_size": ("redis_aof_current_size_bytes", "Size of the append-only file."),
    "rdb_changes_since_last_save": ("redis_rdb_changes_since_last_save", "Writes since the newest dump."),
}
_REDIS_STATES = {
    "aof_last_write_status": ("redis_aof_last_write_status", "Whether the newest write of the file went well."),
    "rdb_last_bgsave_status": ("redis_rdb_last_bgsave_status", "Whether the newest dump went well."),
}


def service_families(reports: Reports) -> Iterator[Metric]:
    """Return the metrics of functions: present from the first sign of life on, so that a rate starts at zero."""
    for name, (metric, text) in _COUNTERS.items():
        family = CounterMetricFamily(metric, text, labels=["service"])
        for service, report in reports.items():
            family.add_metric([service], report.counts.get((name,), 0))
        yield family
    yield _events(reports)
    for name, (metric, text, label) in _HISTOGRAMS.items():
        yield _histogram(reports, name, metric, text, label)
    pods = GaugeMetricFamily("rivulet_function_pods", "Processes of the function that live.", labels=["service"])
    since = GaugeMetricFamily(
        "rivulet_function_first_seen_timestamp_seconds", "When the function was first seen.", labels=["service"]
    )
    memory = GaugeMetricFamily(
        "rivulet_function_memory_bytes", "Memory that all its processes hold.", labels=["service"]
    )
    for service, report in reports.items():
        pods.add_metric([service], report.pods)
        since.add_metric([service], report.since)
        memory.add_metric([service], sum(report.memory))
    yield from (pods, since, memory)


def _events(reports: Reports) -> Metric:
    events = CounterMetricFamily("rivulet_events", "Events handled.", labels=["service", "type", "outcome"])
    for service, report in reports.items():
        for (name, *labels), value in report.counts.items():
            if name == "events":
                events.add_metric([service, *labels], value)
    return events


def _histogram(reports: Reports, name: str, metric: str, text: str, label: str) -> Metric:
    family = HistogramMetricFamily(metric, text, labels=["service", label])
    bounds = [*map(repr, tally.HISTOGRAMS[name]), tally.TOP]
    for service, report in reports.items():
        for kind in sorted({key[1] for key in report.counts if key[0] == name} | _ALWAYS.get(name, set())):
            total, buckets = 0.0, []
            for bound in bounds:
                total += report.counts.get((name, kind, bound), 0)
                buckets.append((bound if bound != tally.TOP else "+Inf", total))
            family.add_metric([service, kind], buckets, report.counts.get((name, kind, tally.SUM), 0.0))
    return family


def redis_families(info: Mapping[str, Any]) -> Iterator[Metric]:
    """Return the metrics of Redis, by the names that its own exporter gives them."""
    for name, (metric, text) in _REDIS_GAUGES.items():
        if name in info:
            yield GaugeMetricFamily(metric, text, value=float(info[name]))
    for name, (metric, text) in _REDIS_STATES.items():
        if name in info:
            yield GaugeMetricFamily(metric, text, value=float(info[name] == "ok"))
    keys = sum(part["keys"] for name, part in info.items() if name.startswith("db") and isinstance(part, dict))
    yield GaugeMetricFamily("redis_keys", "Keys in all databases.", value=keys)
    commands = CounterMetricFamily("redis_commands_processed", "Commands that Redis has run.")
    commands.add_metric([], float(info.get("total_commands_processed", 0)))
    yield commands
