"""The dashboards are what Grafana takes without a question, and what a person can read."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import yaml
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models.dashboard import Dashboard

from tests.observability.boards import BOARDS, FOLDER, expressions, panels, variables

KINDS = {"timeseries", "stat", "table", "barchart", "bargauge", "state-timeline", "heatmap", "logs", "text", "row"}
UNITS = {"short", "s", "bytes", "percent", "percentunit", "reqps", "ops"}
PANELS = [
    pytest.param(board, panel, id=f"{uid}: {panel['title']}")
    for uid, board in BOARDS.items()
    for panel in panels(board)
]


def test_all_of_them_are_there() -> None:
    assert set(BOARDS) == {f"rivulet-{name}" for name in ("forecasts", "pipeline", "functions", "state", "runbook")}


@pytest.mark.parametrize("uid", BOARDS)
def test_a_dashboard_is_whole(uid: str) -> None:
    board = BOARDS[uid]
    assert board["uid"] == uid
    assert "id" not in board  # Grafana's own, which a provisioned file must not fix
    assert (board["schemaVersion"], board["editable"], board["version"]) == (42, False, 1)
    assert any(link["url"] == "/d/rivulet-runbook" for link in board["links"] if link["type"] == "link")
    ids = [panel["id"] for panel in board["panels"]]
    assert len(ids) == len(set(ids))
    assert {panel["type"] for panel in board["panels"]} <= KINDS
    for one, other in itertools.combinations([panel["gridPos"] for panel in board["panels"]], 2):
        apart = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
        apart |= one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
        assert apart, (one, other)
    assert all(panel["gridPos"]["x"] + panel["gridPos"]["w"] <= 24 for panel in board["panels"])


@pytest.mark.parametrize("uid", BOARDS)
def test_sources_are_variables_that_are_provisioned(uid: str) -> None:
    file = FOLDER.parent / "provisioning" / "datasources" / "rivulet.yaml"
    provisioned = {each["uid"]: each["type"] for each in yaml.safe_load(file.read_text("utf-8"))["datasources"]}
    sources = {name: each for name, each in variables(BOARDS[uid]).items() if each["type"] == "datasource"}
    assert {name: each["query"] for name, each in sources.items()} == provisioned
    assert {each["current"]["value"] for each in sources.values()} == set(provisioned)
    used = [target["datasource"] for panel in panels(BOARDS[uid]) for target in panel["targets"]]
    used += [panel["datasource"] for panel in BOARDS[uid]["panels"] if "datasource" in panel]
    used += [each["datasource"] for each in variables(BOARDS[uid]).values() if each["type"] == "query"]
    assert all(each["uid"] == f"${{{each['type']}}}" for each in used)


@pytest.mark.parametrize(("board", "panel"), PANELS)
def test_a_panel_reads_well(board: dict[str, Any], panel: dict[str, Any]) -> None:
    assert panel["title"]
    assert panel["targets"]
    assert [target["refId"] for target in panel["targets"]] == list("ABCDEFGH")[: len(panel["targets"])]
    defaults = panel["fieldConfig"]["defaults"]
    assert defaults["unit"] in UNITS
    steps = defaults["thresholds"]["steps"]
    assert steps[0]["value"] is None
    assert [step["value"] for step in steps[1:]] == sorted(step["value"] for step in steps[1:])
    for target in panel["targets"]:
        assert list(expressions(board, target["expr"]))  # which fails for a variable that is not there
        if panel["type"] not in ("logs", "heatmap"):
            assert target["legendFormat"] != "__auto", "a legend that is the whole label set"


def left_out(given: Any, kept: Any, path: str = "") -> Iterator[str]:
    """Return the paths of what is in a document, but not, or otherwise, in another."""
    if isinstance(given, dict) and isinstance(kept, dict):
        for name, value in given.items():
            if name in kept:
                yield from left_out(value, kept[name], f"{path}.{name}")
            else:
                yield f"{path}.{name}"
    elif isinstance(given, list) and isinstance(kept, list) and len(given) == len(kept):
        for mine, theirs in zip(given, kept, strict=True):
            yield from left_out(mine, theirs, f"{path}[]")
    elif given != kept:
        yield path


@pytest.mark.parametrize("uid", BOARDS)
def test_every_field_is_one_of_grafanas_own(uid: str) -> None:
    register_default_plugins()
    kept = json.loads(JSONEncoder(sort_keys=True).encode(Dashboard.from_json(BOARDS[uid])))
    # Grafana writes the text of a variable's query in two places; its types have only one of them.
    assert set(left_out(BOARDS[uid], kept)) <= {".templating.list[].definition"}


def test_panels_lead_to_the_logs_of_their_time() -> None:
    links = [
        (panel, link)
        for board in BOARDS.values()
        for panel in panels(board)
        for link in panel["fieldConfig"]["defaults"].get("links", ())
    ]
    assert len(links) >= 6
    for panel, link in links:
        (pane,) = json.loads(parse_qs(urlsplit(link["url"]).query)["panes"][0]).values()
        assert (pane["datasource"], pane["range"]["from"]) == ("${loki}", "${__from}")
        if "__field.labels.service" in pane["queries"][0]["expr"]:
            assert all("{{service}}" in target["legendFormat"] for target in panel["targets"])


def test_folders_of_provisioning_are_those_of_the_pod() -> None:
    file = FOLDER.parent / "provisioning" / "dashboards" / "rivulet.yaml"
    (provider,) = yaml.safe_load(file.read_text("utf-8"))["providers"]
    assert (provider["type"], provider["disableDeletion"], provider["allowUiUpdates"]) == ("file", True, False)
    assert provider["options"]["path"] == "/etc/rivulet/dashboards"
