"""What runs, what starting costs, and what not running saves."""

from __future__ import annotations

from panels import CLUSTER, Json, dashboard, logs, panel, query, with_logs

from boards.shared import OF_SERVICE


def _cold(phase: str, text: str) -> Json:
    by = 'sum by (service) (rate(rivulet_cold_start_seconds_{part}{{phase="{phase}"}}[1h]))'
    mean = f"{by.format(part='sum', phase=phase)} / {by.format(part='count', phase=phase)}"
    return panel(
        "timeseries",
        f"Cold start: {phase}",
        [
            query(f"{mean} and {by.format(part='count', phase=phase)} > 0", "{{service}}: mean"),
            query(f'rivulet:cold_start_seconds{{quantile="0.95", phase="{phase}"}} >= 0', "{{service}}: 95 of 100"),
        ],
        unit="s",
        steps=[(None, "green"), (5, "red")],
        text=text,
        width=8,
    )


def board() -> Json:
    """Return the dashboard."""
    lived = "sum(rivulet_function_process_seconds_total)"
    possible = "sum(time() - rivulet_function_first_seen_timestamp_seconds)"
    return dashboard(
        "rivulet-functions",
        "Rivulet / Functions",
        "What runs, what starting costs, and what not running saves.",
        [],
        [
            panel("stat", "Functions up", [query("sum(rivulet_function_pods)", "processes")]),
            panel("stat", "Functions known", [query("count(rivulet_function_pods)", "functions")]),
            panel(
                "stat",
                "Process time saved against always-on",
                [query(f"1 - {lived} / {possible}", "saved")],
                unit="percentunit",
                steps=[(None, "red"), (0.25, "orange"), (0.5, "green")],
            ),
            panel("stat", "Process time saved", [query(f"{possible} - {lived}", "saved")], unit="s"),
            panel(
                "state-timeline",
                "Up, or at zero",
                [query("max by (service) (rivulet_function_pods)", "{{service}}")],
                steps=[(None, "text"), (1, "green")],
                text="Processes that say that they live.",
            ),
            with_logs(
                panel(
                    "timeseries",
                    "Cold starts in an hour",
                    [
                        query(
                            'sum by (service) (increase(rivulet_cold_start_seconds_count{phase="import"}[1h]))',
                            "{{service}}",
                        )
                    ],
                ),
                "Logs of this function",
                OF_SERVICE,
            ),
            panel(
                "bargauge",
                "Share of the time that processes lived",
                [query("rivulet:process_share", "{{service}}", instant=True)],
                unit="percentunit",
                steps=[(None, "green"), (0.5, "orange"), (1, "red")],
                text="Always-on would be 100 %.",
            ),
            _cold("import", "From the start of the process until it can answer."),
            _cold("restore", "From the first question about a series until its state is folded."),
            _cold("answer", "How long the first event or call took, without the restore that it waited for."),
            with_logs(
                panel(
                    "timeseries",
                    "States restored, and lessons replayed for it",
                    [
                        query("sum by (service) (increase(rivulet_restores_total[1h]))", "{{service}}: states"),
                        query(
                            "sum by (service) (increase(rivulet_restored_lessons_total[1h]))", "{{service}}: lessons"
                        ),
                    ],
                ),
                "Logs of this function",
                OF_SERVICE,
            ),
            panel(
                "timeseries",
                "Memory",
                [query("sum by (service) (rivulet_function_memory_bytes)", "{{service}}")],
                unit="bytes",
            ),
            panel(
                "timeseries",
                "Pods, as the autoscaler has them",
                [
                    query("sum by (kn_service_name) (kn_revision_pods_count)", "{{kn_service_name}}: there"),
                    query("sum by (kn_service_name) (kn_revision_pods_desired)", "{{kn_service_name}}: wanted"),
                ],
                text=f"{CLUSTER}: Knative's autoscaler is scraped there.",
            ),
            panel(
                "timeseries",
                "Requests through the queue proxy, 95 of 100 within",
                [
                    query(
                        "histogram_quantile(0.95, sum by (kn_service_name, le) (rate("
                        "kn_serving_invocation_duration_seconds_bucket[$__rate_interval]) "
                        "* on (job, instance) group_left (kn_service_name) target_info))",
                        "{{kn_service_name}}",
                    )
                ],
                unit="s",
                text=f"{CLUSTER}: Knative pushes these by OTLP.",
            ),
            logs("Restored states", '{service=~"model-.*"} |= "restored"'),
        ],
    )
