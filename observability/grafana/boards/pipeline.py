"""The way of an event: how many, how fast, and what went wrong."""

from __future__ import annotations

from panels import CLUSTER, Json, dashboard, logs, panel, query, with_logs

from boards.shared import AGES, BAD_ABOVE_0, OF_SERVICE, SERIES, up


def board() -> Json:
    """Return the dashboard."""
    rate = "sum by ({by}) (rate({metric}[$__rate_interval]))"
    return dashboard(
        "rivulet-pipeline",
        "Rivulet / Pipeline",
        "The way of an event: how many, how fast, and what went wrong.",
        [SERIES],
        [
            panel(
                "stat",
                "Age of the newest tick",
                [query("time() - max(rivulet_last_tick_timestamp_seconds)", "age")],
                unit="s",
                steps=AGES,
            ),
            panel(
                "stat",
                "Whole chain, 95 of 100 within",
                [query('max(rivulet:chain_latency_seconds{stage="total", quantile="0.95"})', "p95")],
                unit="s",
                steps=[(None, "green"), (10, "orange"), (30, "red")],
            ),
            panel("stat", "Dead letters", [query("max(rivulet_dead_letters)", "letters")], steps=BAD_ABOVE_0),
            up("Redis", "min(rivulet_redis_up)"),
            panel(
                "timeseries",
                "Events handled",
                [query(rate.format(by="type", metric='rivulet_events_total{outcome!="woken"}'), "{{type}}")],
                unit="reqps",
            ),
            panel(
                "timeseries",
                "What became of them",
                [query(rate.format(by="outcome", metric="rivulet_events_total"), "{{outcome}}")],
                unit="reqps",
                text="woken: a tick that only starts a function; again: asked to come again; refused: a bad event.",
            ),
            panel(
                "timeseries",
                "Latency by stage, median and 95 of 100",
                [query('rivulet:chain_latency_seconds{quantile=~"0.5|0.95"}', "{{stage}}, {{quantile}}")],
                unit="s",
                text="observe: tick to record; learn: record to lesson; record: lesson to ledger; total: all of it.",
            ),
            panel(
                "heatmap",
                "Whole chain",
                [
                    query(
                        'sum by (le) (increase(rivulet_chain_latency_seconds_bucket{stage="total"}[$__rate_interval]))',
                        "{{le}}",
                        format="heatmap",
                    )
                ],
            ),
            with_logs(
                panel(
                    "timeseries",
                    "Work of each function on an event, 95 of 100 within",
                    [query('rivulet:event_duration_seconds{quantile="0.95"}', "{{service}}")],
                    unit="s",
                ),
                "Logs of this function",
                OF_SERVICE,
            ),
            with_logs(
                panel(
                    "timeseries",
                    "Asked to come again, or failed",
                    [
                        query(
                            rate.format(by="service", metric='rivulet_events_total{outcome=~"again|failed"}')
                            + " or on () vector(0)",
                            "{{service}}",
                        )
                    ],
                    unit="reqps",
                    text="The Broker retries these.",
                ),
                "Logs of this function",
                OF_SERVICE,
            ),
            with_logs(
                panel(
                    "timeseries",
                    "Duplicates, gaps, conflicts",
                    [
                        query(
                            rate.format(by="service", metric="rivulet_duplicates_absorbed_total"),
                            "{{service}}: duplicates absorbed",
                        ),
                        query(
                            rate.format(by="service", metric="rivulet_gaps_filled_total"), "{{service}}: gaps filled"
                        ),
                        query(rate.format(by="service", metric="rivulet_late_observations_total"), "{{service}}: late"),
                        query(rate.format(by="service", metric="rivulet_conflicts_total"), "{{service}}: conflicts"),
                    ],
                    unit="reqps",
                ),
                "Logs of this function",
                OF_SERVICE,
            ),
            panel(
                "timeseries",
                "Dead letters",
                [
                    query("max(rivulet_dead_letters)", "kept"),
                    query("sum(increase(rivulet_dead_letters_received_total[$__rate_interval]))", "received"),
                ],
                steps=BAD_ABOVE_0,
            ),
            panel(
                "timeseries",
                "Ages",
                [
                    query('time() - max(rivulet_last_tick_timestamp_seconds{series=~"$series"})', "tick"),
                    query('time() - max(rivulet_last_observation_timestamp_seconds{series=~"$series"})', "observation"),
                    query(
                        'time() - max by (model) (rivulet_last_prediction_timestamp_seconds{series=~"$series"})',
                        "{{model}}",
                    ),
                ],
                unit="s",
                steps=AGES,
            ),
            panel(
                "timeseries",
                "Broker: deliveries, 95 of 100 within",
                [
                    query(
                        "histogram_quantile(0.95, sum by (le, component) "
                        "(rate(kn_eventing_dispatch_duration_seconds_bucket[$__rate_interval])))",
                        "{{component}}",
                    )
                ],
                unit="s",
                text=f"{CLUSTER}: Knative's Broker is scraped there.",
            ),
            panel(
                "timeseries",
                "Ticks: workflows",
                [query("sum by (phase) (increase(argo_workflows_total_count[$__rate_interval]))", "{{phase}}")],
                text=f"{CLUSTER}: Argo Workflows is scraped there.",
            ),
            logs("Events that failed or were refused", '{service=~".+"} | json | outcome=~"failed|refused"'),
        ],
    )
