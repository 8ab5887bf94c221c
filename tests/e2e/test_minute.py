"""Argo's minute, node by node as Argo's agent runs it, against an embedded platform."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml

from tests.chaos.stream import PlatformProcess
from tests.plain_loop import MODELS

REPOSITORY = Path(__file__).parents[2]
SPEC = yaml.safe_load((REPOSITORY / "argo" / "minute.yaml").read_text("utf-8"))["spec"]["workflowSpec"]
TEMPLATES = {each["name"]: each for each in SPEC["templates"]}


@dataclass
class Node:
    """What became of a node: whether it succeeded, and its result."""

    succeeded: bool
    result: str


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PlatformProcess]:
    """Return a platform whose data set has two rows."""
    folder = tmp_path_factory.mktemp("minute")
    (folder / "two.csv").write_text("target\n112\n118\n")
    running = PlatformProcess(folder / "data", settings={"LOST_SHARE": "0", "DATASET": str(folder / "two.csv")})
    running.start()
    yield running
    running.stop()


def minute(platform: PlatformProcess, at: str, *, without: Collection[str] = ()) -> dict[str, Node]:
    """Run the workflow's nodes in the order of their dependencies, but for some."""
    variables = {f"workflow.parameters.{each['name']}": each["value"] for each in SPEC["arguments"]["parameters"]}
    variables["workflow.parameters.broker"] = f"http://127.0.0.1:{platform.broker_port}/ml-services/default"
    variables["workflow.scheduledTime"] = at
    nodes: dict[str, Node] = {}
    for task in TEMPLATES[SPEC["entrypoint"]]["dag"]["tasks"]:
        if task["name"] in without:
            continue
        assert {each.partition(".")[0] for each in task.get("depends", "").split(" || ")} - {""} <= {*nodes, *without}
        given = {f"inputs.parameters.{each['name']}": each["value"] for each in parameters(task)}
        nodes[task["name"]] = asked(platform, filled_in(TEMPLATES[task["template"]]["http"], {**variables, **given}))
    return nodes


def filled_in(http: dict[str, Any], variables: dict[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(re.sub(r"{{([^}]+)}}", lambda name: variables[name[1]], json.dumps(http)))
    return found


def parameters(task: dict[str, Any]) -> list[dict[str, str]]:
    found: list[dict[str, str]] = task.get("arguments", {}).get("parameters", [])
    return found


def asked(platform: PlatformProcess, http: dict[str, Any]) -> Node:
    """Send one node's request; a name inside the cluster is the gateway's, with the service in the Host header."""
    headers = {each["name"]: each["value"] for each in http.get("headers", [])}
    inside = re.match(r"http://([a-z-]+)\.ml-services\.svc\.cluster\.local(/.*)", http["url"])
    if inside:
        headers["Host"] = f"{inside[1]}.ml-services.localhost"
    url = f"{platform.gateway}{inside[2]}" if inside else http["url"]
    answer = requests.request(http.get("method", "GET"), url, headers=headers, data=http.get("body"), timeout=30)
    wanted = http.get("successCondition")
    assert wanted in (None, "response.statusCode == 202")
    return Node(answer.status_code == 202 if wanted else answer.ok, answer.text)


def patiently(platform: PlatformProcess, at: str) -> dict[str, Node]:
    """Run a minute; the functions start from zero, on a machine that may be slow: the same minute may be run again."""
    for _ in range(10):
        nodes = minute(platform, at)
        if all(node.succeeded for node in nodes.values()):
            break
    return nodes


def test_each_model_has_a_node_that_shows_prediction_error_and_duration(platform: PlatformProcess) -> None:
    nodes = patiently(platform, "2026-11-23T08:00:00Z")
    assert all(node.succeeded for node in nodes.values()), nodes
    observation = json.loads(nodes.pop("observation").result)
    assert (observation["status"], observation["value"], observation["seq"]) == ("observed", 112, 1)
    nodes.pop("tick")
    stages = [json.loads(node.result) for node in nodes.values()]
    assert {stage["model"] for stage in stages} == set(MODELS)
    for stage in stages:
        assert abs(stage["error"]) == abs(stage["target"] - stage["prediction"])
        assert stage["duration_ms"] > 0


def test_a_stage_that_is_missing_fails_with_a_sentence(platform: PlatformProcess) -> None:
    never_sent = {"tick", "model-linear", "model-bagging", "model-amfr"}
    nodes = minute(platform, "2026-11-23T08:59:00+02:00", without=never_sent)
    assert {name: node.succeeded for name, node in nodes.items()} == {"observation": False, "model-knn": False}
    assert "ingest has not answered" in json.loads(nodes["model-knn"].result)["error"]


def test_when_the_data_are_exhausted_the_minute_succeeds_and_says_so(platform: PlatformProcess) -> None:
    assert all(node.succeeded for node in patiently(platform, "2026-11-23T08:01:00Z").values())
    nodes = patiently(platform, "2026-11-23T08:02:00Z")
    assert all(node.succeeded for node in nodes.values()), nodes
    assert {json.loads(node.result)["status"] for name, node in nodes.items() if name != "tick"} == {"exhausted"}
