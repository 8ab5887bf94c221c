"""The parts that dashboards are made of, as Grafana's JSON has them."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

Json = dict[str, Any]

PROMETHEUS = {"type": "prometheus", "uid": "${prometheus}"}
LOKI = {"type": "loki", "uid": "${loki}"}
CLUSTER = "needs a cluster"  # how the description of a panel begins that the embedded mode cannot fill
_SCHEMA = 42
_KINDS = {"timeseries": (12, 8), "stat": (6, 4), "table": (12, 9), "barchart": (12, 8), "bargauge": (12, 8)}
_KINDS |= {"state-timeline": (24, 7), "heatmap": (12, 8), "logs": (24, 9), "text": (24, 30)}


def query(expr: str, legend: str = "", *, instant: bool = False, format: str = "time_series") -> Json:
    """Return one query of Prometheus."""
    target: Json = {"datasource": PROMETHEUS, "editorMode": "code", "expr": expr, "format": format}
    return {**target, "legendFormat": legend or "__auto", "instant": instant, "range": not instant}


def panel(
    kind: str,
    title: str,
    targets: list[Json],
    *,
    unit: str = "short",
    text: str = "",
    steps: list[tuple[float | None, str]] | None = None,
    width: int | None = None,
    height: int | None = None,
    options: Json | None = None,
    custom: Json | None = None,
    **more: Any,
) -> Json:
    """Return a panel; where it stands is worked out by `dashboard`."""
    size = _KINDS[kind]
    thresholds = [{"value": value, "color": color} for value, color in steps or [(None, "green")]]
    defaults: Json = {"unit": unit, "thresholds": {"mode": "absolute", "steps": thresholds}}
    defaults["custom"] = {**_custom(kind, bool(steps)), **(custom or {})}
    numbered = [{**target, "refId": chr(ord("A") + place)} for place, target in enumerate(targets)]
    return {
        "type": kind,
        "title": title,
        "description": text,
        "datasource": numbered[0]["datasource"] if numbered else PROMETHEUS,
        "gridPos": {"w": width or size[0], "h": height or size[1]},
        "fieldConfig": {"defaults": defaults, "overrides": more.pop("overrides", [])},
        "options": {**_options(kind), **(options or {})},
        "targets": numbered,
        **more,
    }


def _custom(kind: str, with_line: bool) -> Json:
    if kind != "timeseries":
        return {}
    line = {"thresholdsStyle": {"mode": "dashed" if with_line else "off"}}
    return {"drawStyle": "line", "lineWidth": 1, "fillOpacity": 5, "showPoints": "never", "spanNulls": True, **line}


def _options(kind: str) -> Json:
    legend = {"displayMode": "table", "placement": "bottom", "showLegend": True, "calcs": ["lastNotNull", "max"]}
    last = {"reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False}}
    options: dict[str, Json] = {
        "timeseries": {"legend": legend, "tooltip": {"mode": "multi", "sort": "desc"}},
        "stat": {**last, "colorMode": "value", "graphMode": "area", "textMode": "auto", "justifyMode": "auto"},
        "bargauge": {**last, "displayMode": "basic", "orientation": "horizontal", "valueMode": "color"},
        "barchart": {"legend": {**legend, "calcs": []}, "tooltip": {"mode": "multi", "sort": "none"}},
        "table": {"showHeader": True, "cellHeight": "sm"},
        "state-timeline": {"mergeValues": True, "showValue": "auto", "rowHeight": 0.8, "legend": legend},
        "heatmap": {"calculate": False, "yAxis": {"unit": "s"}, "color": {"mode": "scheme", "scheme": "Blues"}},
        "logs": {"showTime": True, "wrapLogMessage": True, "enableLogDetails": True, "sortOrder": "Descending"},
        "text": {"mode": "markdown"},
    }
    return options[kind]


def logs(title: str, expr: str) -> Json:
    """Return a panel of log lines; Loki is only on a cluster."""
    target = {"datasource": LOKI, "editorMode": "code", "expr": expr, "queryType": "range"}
    return panel("logs", title, [target], text=f"{CLUSTER}: Loki holds the logs of pods.")


def with_logs(shown: Json, title: str, expr: str) -> Json:
    """Return a panel, each of whose points leads to log lines of the time that is shown."""
    pane = {
        "datasource": "${loki}",
        "queries": [{"refId": "A", "expr": expr}],
        "range": {"from": "${__from}", "to": "${__to}"},
    }
    address = f"/explore?schemaVersion=1&panes={quote(json.dumps({'logs': pane}), safe='${}')}"
    shown["fieldConfig"]["defaults"]["links"] = [{"title": title, "url": address, "targetBlank": True}]
    return shown


def row(title: str) -> Json:
    """Return the headline of a group of panels."""
    return {"type": "row", "title": title, "collapsed": False, "panels": [], "gridPos": {"w": 24, "h": 1}}


def chosen(name: str, label: str, expr: str) -> Json:
    """Return a variable whose values are looked up."""
    lookup = {"query": expr, "refId": "PrometheusVariableQueryEditor-VariableQuery", "qryType": 1}
    variable: Json = {"type": "query", "name": name, "label": label, "datasource": PROMETHEUS, "query": lookup}
    variable |= {"definition": expr, "refresh": 2, "sort": 1, "multi": True, "includeAll": True, "allValue": ".+"}
    return {**variable, "current": {"text": ["All"], "value": ["$__all"]}, "options": [], "regex": "", "hide": 0}


def listed(name: str, label: str, values: list[str]) -> Json:
    """Return a variable with given values."""
    options = [{"text": value, "value": value, "selected": value == values[-1]} for value in values]
    variable: Json = {"type": "custom", "name": name, "label": label, "query": ",".join(values), "options": options}
    current = {"text": values[-1], "value": values[-1]}
    return {**variable, "current": current, "multi": False, "includeAll": False, "hide": 0}


def dashboard(uid: str, title: str, text: str, variables: list[Json], panels: list[Json]) -> Json:
    """Return a dashboard, its panels laid out in rows of 24 columns."""
    sources = [_source("prometheus", "Metrics"), _source("loki", "Logs")]
    return {
        "uid": uid,
        "title": title,
        "description": text,
        "tags": ["rivulet"],
        "schemaVersion": _SCHEMA,
        "version": 1,
        "editable": False,
        "graphTooltip": 1,
        "refresh": "30s",
        "time": {"from": "now-1h", "to": "now"},
        "timezone": "browser",
        "annotations": {"list": []},
        "links": [
            {"type": "link", "title": "Runbook", "icon": "doc", "url": "/d/rivulet-runbook", "targetBlank": True},
            {"type": "dashboards", "title": "Rivulet", "tags": ["rivulet"], "keepTime": True, "includeVars": True},
        ],
        "templating": {"list": [*sources, *variables]},
        "panels": _laid_out(panels),
    }


def _source(kind: str, label: str) -> Json:
    variable: Json = {"type": "datasource", "name": kind, "label": label, "query": kind, "options": [], "hide": 2}
    return {
        **variable,
        "current": {"text": kind.capitalize(), "value": kind},
        "refresh": 1,
        "regex": "",
        "multi": False,
    }


def _laid_out(panels: list[Json]) -> list[Json]:
    placed = []
    x = y = tallest = 0
    for number, each in enumerate(panels, 1):
        width, height = each["gridPos"]["w"], each["gridPos"]["h"]
        if x + width > 24:
            x, y, tallest = 0, y + tallest, 0
        placed.append({**each, "id": number, "gridPos": {"x": x, "y": y, "w": width, "h": height}})
        x, tallest = x + width, max(tallest, height)
    return placed
