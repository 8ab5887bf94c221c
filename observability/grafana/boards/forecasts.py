"""Whether forecasts arrive, and whether they are any good."""

from __future__ import annotations

from panels import Json, dashboard, listed, logs, panel, query, with_logs

from boards.shared import AGES, MODEL, MODEL_ERRORS, SERIES, WHICH

_MEASURE = listed("measure", "Error", ["rmse", "mse", "mape", "mae"])
_WINDOW = listed("window", "Window", ["5", "10", "20"])


def _leaderboard() -> Json:
    baselines = {
        name: f'label_replace(ml_baseline_{name}_20{{series=~"$series"}}, "model", "$1 (baseline)", "baseline", "(.+)")'
        for name in ("mae", "rmse", "mape")
    }
    relative = 'rivulet:mae_relative{window="20", series=~"$series", model=~"$model"}'
    exprs = {name: f"ml_model_{name}_20{WHICH} or {baseline}" for name, baseline in baselines.items()}
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
        [query(f"max by (model, step) (ml_model_forecast{WHICH})", "{{model}}", instant=True, format="table")],
        text="Step 1 is the observation that comes next. For one series at a time.",
        options={"xField": "step\\model"},
        transformations=[
            {
                "id": "groupingToMatrix",
                "options": {"columnField": "model", "rowField": "step", "valueField": "Value"},
            }
        ],
    )


def board() -> Json:
    """Return the dashboard."""
    observed = 'rivulet_last_observation_timestamp_seconds{series=~"$series"}'
    return dashboard(
        "rivulet-forecasts",
        "Rivulet / Forecasts",
        "Do forecasts arrive, and are they any good?",
        [SERIES, MODEL, _MEASURE, _WINDOW],
        [
            panel("stat", "Newest observation", [query(f"time() - max({observed})", "age")], unit="s", steps=AGES),
            panel(
                "stat", "Observations", [query('sum(rivulet_observations_total{series=~"$series"})', "observations")]
            ),
            panel(
                "stat",
                "Best model now",
                [query(f"bottomk(1, ml_model_mae_20{WHICH})", "{{model}}", instant=True)],
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
                    query(f"max by (series) (ml_model_last_actual{WHICH})", "{{series}}: actual"),
                    query(f"ml_model_last_prediction{WHICH}", "{{series}}: {{model}}"),
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
                [query(f"ml_model_${{measure}}_${{window}}{WHICH}", "{{series}}: {{model}}")],
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
                [query(f"ml_model_mape_20{WHICH}", "{{series}}: {{model}}")],
                unit="percent",
            ),
            with_logs(
                panel(
                    "timeseries",
                    "Error of the newest prediction",
                    [query(f"ml_model_last_error{WHICH}", "{{series}}: {{model}}")],
                ),
                "Errors of the models in the logs",
                MODEL_ERRORS,
            ),
            logs("Errors of the models", MODEL_ERRORS),
        ],
    )
