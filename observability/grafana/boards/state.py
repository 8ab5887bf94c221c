"""What is kept, how much of it, and whether it would survive."""

from __future__ import annotations

from panels import Json, dashboard, panel, query, row

from boards.shared import MODEL, SERIES, WHICH, up


def board() -> Json:
    """Return the dashboard."""
    return dashboard(
        "rivulet-state",
        "Rivulet / Redis and state",
        "What is kept, how much of it, and whether it would survive.",
        [SERIES, MODEL],
        [
            up("Redis", "min(rivulet_redis_up)"),
            up("Append-only file", "min(redis_aof_enabled)"),
            up("Newest write of it", "min(redis_aof_last_write_status)"),
            panel("stat", "Redis runs for", [query("max(redis_uptime_in_seconds)", "uptime")], unit="s"),
            row("State"),
            panel(
                "timeseries",
                "Lessons in the journals",
                [query(f"sum by (model) (rivulet_journal_lessons{WHICH})", "{{model}}")],
            ),
            panel(
                "timeseries",
                "Size of snapshots",
                [query(f"sum by (model) (rivulet_snapshot_bytes{WHICH})", "{{model}}")],
                unit="bytes",
            ),
            panel(
                "timeseries",
                "Age of the newest snapshot",
                [
                    query(
                        f"time() - max by (series, model) (rivulet_snapshot_timestamp_seconds{WHICH})",
                        "{{series}}: {{model}}",
                    )
                ],
                unit="s",
                text="A cold start replays what was learned since.",
            ),
            panel(
                "timeseries",
                "Observations in the record",
                [query('max by (series) (rivulet_observations_total{series=~"$series"})', "{{series}}")],
            ),
            row("Redis"),
            panel(
                "timeseries",
                "Memory",
                [
                    query("max(redis_memory_used_bytes)", "used"),
                    query("max(redis_memory_used_rss_bytes)", "of the system"),
                    query("max(redis_memory_max_bytes)", "limit (0: none)"),
                ],
                unit="bytes",
            ),
            panel(
                "timeseries",
                "Size of the append-only file",
                [query("max(redis_aof_current_size_bytes)", "file")],
                unit="bytes",
            ),
            panel(
                "timeseries",
                "Commands",
                [query("sum(rate(redis_commands_processed_total[$__rate_interval]))", "commands")],
                unit="ops",
            ),
            panel(
                "timeseries",
                "Keys and connections",
                [query("max(redis_keys)", "keys"), query("max(redis_connected_clients)", "connections")],
            ),
            row("Exporter"),
            panel(
                "timeseries",
                "Reading all series took",
                [query("max(rivulet_exporter_collect_seconds)", "seconds")],
                unit="s",
                steps=[(None, "green"), (5, "red")],
                text="Beyond ten seconds Prometheus gives up: lower EXPORTER_SERIES.",
            ),
            panel(
                "timeseries",
                "Series with metrics of their own, and added up",
                [query("max by (as) (rivulet_exporter_series)", "{{as}}")],
            ),
        ],
    )
