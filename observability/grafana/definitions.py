"""What the dashboards show."""

from __future__ import annotations

from pathlib import Path

from panels import CLUSTER, Json, chosen, dashboard, listed, logs, panel, query, row, with_logs

_SERIES = chosen("series", "Series", "label_values(ml_model_predictions_total, series)")
_MODEL = chosen("model", "Model", 'label_values(ml_model_predictions_total{series=~"$series"}, model)')
_MEASURE = listed("measure", "Error", ["rmse", "mse", "mape", "mae"])
_WINDOW = listed("window", "Window", ["5", "10", "20"])
_WHICH = '{series=~"$series", model=~"$model"}'
_AGES: list[tuple[float | None, str]] = [(None, "green"), (120, "orange"), (180, "red")]
_BAD_ABOVE_0: list[tuple[float | None, str]] = [(None, "green"), (1, "red")]
_UP: list[tuple[float | None, str]] = [(None, "red"), (1, "green")]

_OF_SERVICE = '{service="${__field.labels.service}"} | json'
_MODEL_ERRORS = '{service=~"model-.*"} | json | level=~"WARNING|ERROR"'
_UP_OR_NOT = [
    {
        "type": "value",
        "options": {
            "0": {"text": "away", "color": "red", "index": 0},
            "1": {"text": "up", "color": "green", "index": 1},
        },
    }
]


def _up(title: str, expr: str) -> Json:
    shown = panel("stat", title, [query(expr, "state")], steps=_UP, options={"graphMode": "none"})
    shown["fieldConfig"]["defaults"]["mappings"] = _UP_OR_NOT
    return shown


def _leaderboard() -> Json:
    baselines = {
        name: f'label_replace(ml_baseline_{name}_20{{series=~"$series"}}, "model", "$1 (baseline)", "baseline", "(.+)")'
        for name in ("mae", "rmse", "mape")
    }
    relative = 'rivulet:mae_relative{window="20", series=~"$series", model=~"$model"}'
    exprs = {name: f"ml_model_{name}_20{_WHICH} or {baseline}" for name, baseline in baselines.items()}
    exprs = {"MAE": exprs["mae"], "RMSE": exprs["rmse"], "MAPE": exprs["mape"], "Relative MAE": relative}
    targets = [
        query(f"max by (series, model) ({expr})", name, instant=True, format="table") for name, expr in exprs.items()
    ]
    names = {f"Value #{chr(ord('A') + place)}": name for place, name in enumerate(exprs)}
    return panel(
        "table",
        "Leaderboard, by the error of the last 20",
        targets,
        text="The first row of a series is its best model now. Relative MAE: below 1 beats seasonal naive.",
        transformations=[
            {"id": "merge", "options": {}},
            {"id": "organize", "options": {"excludeByName": {"Time": True}, "renameByName": names}},
            {"id": "sortBy", "options": {"sort": [{"field": "MAE", "desc": False}]}},
        ],
        overrides=[
            {"matcher": {"id": "byName", "options": "MAPE"}, "properties": [{"id": "unit", "value": "percent"}]},
            {
                "matcher": {"id": "byName", "options": "Relative MAE"},
                "properties": [
                    {"id": "custom.cellOptions", "value": {"type": "color-text"}},
                    {
                        "id": "thresholds",
                        "value": {
                            "mode": "absolute",
                            "steps": [{"value": None, "color": "green"}, {"value": 1, "color": "red"}],
                        },
                    },
                ],
            },
        ],
    )


def _steps_ahead() -> Json:
    return panel(
        "barchart",
        "What is expected next, step by step",
        [query(f"max by (model, step) (ml_model_forecast{_WHICH})", "{{model}}", instant=True, format="table")],
        text="Step 1 is the observation that comes next. For one series at a time.",
        options={"xField": "step\\model"},
        transformations=[
            {
                "id": "groupingToMatrix",
                "options": {"columnField": "model", "rowField": "step", "valueField": "Value"},
            }
        ],
    )


def _forecasts() -> Json:
    observed = 'rivulet_last_observation_timestamp_seconds{series=~"$series"}'
    return dashboard(
        "rivulet-forecasts",
        "Rivulet / Forecasts",
        "Do forecasts arrive, and are they any good?",
        [_SERIES, _MODEL, _MEASURE, _WINDOW],
        [
            panel("stat", "Newest observation", [query(f"time() - max({observed})", "age")], unit="s", steps=_AGES),
            panel(
                "stat", "Observations", [query('sum(rivulet_observations_total{series=~"$series"})', "observations")]
            ),
            panel(
                "stat",
                "Best model now",
                [query(f"bottomk(1, ml_model_mae_20{_WHICH})", "{{model}}", instant=True)],
                text="The one with the least mean absolute error over its last 20 predictions.",
                options={"textMode": "name", "graphMode": "none"},
            ),
            panel(
                "stat",
                "Best against seasonal naive",
                [query('min(rivulet:mae_relative{window="20", series=~"$series"})', "relative MAE")],
                steps=[(None, "green"), (1, "red")],
                text="Below 1 the best model beats repeating the value of one season ago.",
            ),
            panel(
                "timeseries",
                "Actual against predictions",
                [
                    query(f"max by (series) (ml_model_last_actual{_WHICH})", "{{series}}: actual"),
                    query(f"ml_model_last_prediction{_WHICH}", "{{series}}: {{model}}"),
                    query(
                        'ml_model_forecast{step="1", series=~"$series", model=~"$model"}', "{{series}}: {{model}}, next"
                    ),
                ],
                width=24,
                height=10,
                overrides=[
                    {
                        "matcher": {"id": "byRegexp", "options": "/: actual$/"},
                        "properties": [
                            {"id": "custom.lineWidth", "value": 3},
                            {"id": "color", "value": {"mode": "fixed", "fixedColor": "text"}},
                        ],
                    },
                    {
                        "matcher": {"id": "byRegexp", "options": "/, next$/"},
                        "properties": [{"id": "custom.lineStyle", "value": {"fill": "dash", "dash": [4, 4]}}],
                    },
                ],
            ),
            _steps_ahead(),
            _leaderboard(),
            panel(
                "timeseries",
                "$measure over the last $window predictions",
                [query(f"ml_model_${{measure}}_${{window}}{_WHICH}", "{{series}}: {{model}}")],
            ),
            panel(
                "timeseries",
                "MAE relative to seasonal naive, last $window",
                [
                    query(
                        'rivulet:mae_relative{window="$window", series=~"$series", model=~"$model"}',
                        "{{series}}: {{model}}",
                    )
                ],
                steps=[(None, "green"), (1, "red")],
                text="Below the line a model beats repeating the value of one season ago.",
            ),
            panel(
                "timeseries",
                "MAPE, last 20",
                [query(f"ml_model_mape_20{_WHICH}", "{{series}}: {{model}}")],
                unit="percent",
            ),
            with_logs(
                panel(
                    "timeseries",
                    "Error of the newest prediction",
                    [query(f"ml_model_last_error{_WHICH}", "{{series}}: {{model}}")],
                ),
                "Errors of the models in the logs",
                _MODEL_ERRORS,
            ),
            logs("Errors of the models", _MODEL_ERRORS),
        ],
    )


def _pipeline() -> Json:
    rate = "sum by ({by}) (rate({metric}[$__rate_interval]))"
    return dashboard(
        "rivulet-pipeline",
        "Rivulet / Pipeline",
        "The way of an event: how many, how fast, and what went wrong.",
        [_SERIES],
        [
            panel(
                "stat",
                "Age of the newest tick",
                [query("time() - max(rivulet_last_tick_timestamp_seconds)", "age")],
                unit="s",
                steps=_AGES,
            ),
            panel(
                "stat",
                "Whole chain, 95 of 100 within",
                [query('max(rivulet:chain_latency_seconds{stage="total", quantile="0.95"})', "p95")],
                unit="s",
                steps=[(None, "green"), (10, "orange"), (30, "red")],
            ),
            panel("stat", "Dead letters", [query("max(rivulet_dead_letters)", "letters")], steps=_BAD_ABOVE_0),
            _up("Redis", "min(rivulet_redis_up)"),
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
                _OF_SERVICE,
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
                _OF_SERVICE,
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
                _OF_SERVICE,
            ),
            panel(
                "timeseries",
                "Dead letters",
                [
                    query("max(rivulet_dead_letters)", "kept"),
                    query("sum(increase(rivulet_dead_letters_received_total[$__rate_interval]))", "received"),
                ],
                steps=_BAD_ABOVE_0,
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
                steps=_AGES,
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
    )


def _functions() -> Json:
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
                _OF_SERVICE,
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
                _OF_SERVICE,
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


def _state() -> Json:
    return dashboard(
        "rivulet-state",
        "Rivulet / Redis and state",
        "What is kept, how much of it, and whether it would survive.",
        [_SERIES, _MODEL],
        [
            _up("Redis", "min(rivulet_redis_up)"),
            _up("Append-only file", "min(redis_aof_enabled)"),
            _up("Newest write of it", "min(redis_aof_last_write_status)"),
            panel("stat", "Redis runs for", [query("max(redis_uptime_in_seconds)", "uptime")], unit="s"),
            row("State"),
            panel(
                "timeseries",
                "Lessons in the journals",
                [query(f"sum by (model) (rivulet_journal_lessons{_WHICH})", "{{model}}")],
            ),
            panel(
                "timeseries",
                "Size of snapshots",
                [query(f"sum by (model) (rivulet_snapshot_bytes{_WHICH})", "{{model}}")],
                unit="bytes",
            ),
            panel(
                "timeseries",
                "Age of the newest snapshot",
                [
                    query(
                        f"time() - max by (series, model) (rivulet_snapshot_timestamp_seconds{_WHICH})",
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


def _runbook() -> Json:
    text = (Path(__file__).parents[1] / "RUNBOOK.md").read_text("utf-8")
    shown = panel("text", "", [], options={"content": text})
    return dashboard("rivulet-runbook", "Rivulet / Runbook", "What to do when an alert fires.", [], [shown])


DASHBOARDS = [_forecasts(), _pipeline(), _functions(), _state(), _runbook()]
