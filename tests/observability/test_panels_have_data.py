"""The whole of it, but for Grafana: 200 observations, functions at zero, and Prometheus still answers every panel."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest
import requests

from tests.exporter.running import named, samples_of
from tests.function_processes import FUNCTIONS
from tests.observability.boards import BOARDS, expressions, panels
from tests.observability.prometheus import Prometheus

HALF = 100
BURST = 25
MODELS = 4
# What only a cluster can fill, by the reason that stands in the panel's description.
NEED_A_CLUSTER = {
    "Errors of the models": "Loki",
    "Events that failed or were refused": "Loki",
    "Restored states": "Loki",
    "Broker: deliveries, 95 of 100 within": "Knative's Broker",
    "Ticks: workflows": "Argo Workflows",
    "Pods, as the autoscaler has them": "Knative's autoscaler",
    "Requests through the queue proxy, 95 of 100 within": "Knative pushes",
}
PANELS = [
    pytest.param(board, panel, id=f"{uid}: {panel['title']}")
    for uid, board in BOARDS.items()
    for panel in panels(board)
]


@dataclass
class Site:
    """A platform, and the Prometheus that watches it."""

    process: subprocess.Popen[str]
    gateway: str
    broker: str
    metrics: str
    logs: Path

    def report(self) -> dict[str, Any]:
        """Return what the platform says about itself."""
        answer: dict[str, Any] = requests.get(f"{self.gateway}/_platform", timeout=10).json()
        return answer

    def starts(self) -> dict[str, int]:
        """Return how often each function was started."""
        return {each["name"]: each["starts"] for each in self.report()["services"]}

    def at_zero(self) -> bool:
        """Whether no function runs."""
        return all(each["state"] == "zero" for each in self.report()["services"])

    def learned(self) -> int:
        """Return how many predictions all models have made, by the exporter; the champion makes none of its own."""
        samples, name = samples_of(requests.get(self.metrics, timeout=20).text), "ml_model_predictions_total"
        return int(sum(named(samples, name)) - sum(named(samples, name, model="champion")))

    def stream(self, count: int) -> None:
        """Send ticks, wait until every model has learned what came of them, and until all functions are at zero."""
        for _ in range(0, count, BURST):
            self._burst()
        wait_for(self.at_zero)

    def _burst(self) -> None:
        wanted = self.learned() + MODELS * BURST
        for _ in range(BURST):
            headers = {"ce-specversion": "1.0", "ce-type": "dev.rivulet.tick.v1", "ce-source": "/test"}
            headers |= {"ce-id": str(uuid.uuid4()), "ce-time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())}
            answer = requests.post(self.broker, json={"source": "csv"}, headers=headers, timeout=10)
            assert answer.status_code == 202, answer.text
        wait_for(lambda: self.learned() == wanted)


def wait_for(condition: Callable[[], bool], seconds: float = 90.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds} s"
        time.sleep(0.2)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("observed")
    own = {"RIVULET_PORT": "0", "RIVULET_BROKER_PORT": "0", "RIVULET_EXPORTER_PORT": "0", "RIVULET_LEGACY_PORTS": "off"}
    own |= {"RIVULET_DATA": str(folder / "data"), "TICK": "off", "PYTHONPATH": str(FUNCTIONS), "SEASON": "12"}
    with (folder / "errors.txt").open("ab") as errors:
        process = subprocess.Popen(
            [sys.executable, "-m", "rivulet_local", "up"],
            env={**os.environ, **own},
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
    try:
        assert process.stdout is not None
        ready = process.stdout.readline()
        found = re.search(r"localhost:(\d+) .*Broker (\S+),.* metrics (\S+)$", ready.strip())
        assert found, ready + (folder / "errors.txt").read_text()
        yield Site(process, f"http://127.0.0.1:{found[1]}", found[2], found[3], folder / "data" / "logs")
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
    finally:
        process.kill()
        process.wait()


@pytest.fixture(scope="module")
def prometheus(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    """Return a Prometheus that has watched 200 observations, in two halves: the second begins with a restore."""
    exporter = site.metrics.removeprefix("http://").removesuffix("/metrics")
    wait_for(lambda: answers(site.metrics))
    process = Prometheus(tmp_path_factory.mktemp("prometheus"), exporter=exporter).start()
    wait_for(lambda: process.has_data('up{job="rivulet-exporter"} == 1'))
    try:
        for half in (1, 2):
            site.stream(HALF)
            learned = f'sum(ml_model_predictions_total{{model!="champion"}}) == {MODELS * HALF * half}'
            wait_for(lambda learned=learned: process.has_data(learned))  # type: ignore[misc]
            wait_for(lambda: process.has_data("sum(rivulet_function_pods) == 0"))
        yield process
    finally:
        process.stop()


def answers(url: str) -> bool:
    try:
        return requests.get(url, timeout=5).ok
    except requests.RequestException:
        return False


@pytest.fixture(scope="module")
def starts(site: Site, prometheus: Prometheus) -> dict[str, int]:
    """Return how often functions were started before anybody looked."""
    return site.starts()


@pytest.mark.parametrize(("board", "panel"), PANELS)
def test_a_panel_has_data(
    prometheus: Prometheus, starts: dict[str, int], board: dict[str, Any], panel: dict[str, Any]
) -> None:
    cluster = NEED_A_CLUSTER.get(panel["title"])
    assert panel["description"].startswith("needs a cluster") == bool(cluster)
    for target in panel["targets"]:
        if target["datasource"]["type"] != "prometheus":
            assert cluster == "Loki"
            continue
        for expr in expressions(board, target["expr"]):
            if cluster:
                assert cluster in panel["description"]
                prometheus.ask("query", query=expr)  # it is one, even if nothing answers here
            else:
                assert prometheus.has_data(expr), expr


def test_a_rule_has_data(prometheus: Prometheus, starts: dict[str, int]) -> None:
    rules = [rule for group in prometheus.ask("rules")["groups"] for rule in group["rules"]]
    assert {rule["type"] for rule in rules} == {"recording", "alerting"}
    for rule in rules:
        assert (rule["health"], rule.get("lastError")) == ("ok", None), rule
        if rule["type"] == "recording":
            assert prometheus.has_data(rule["query"]), rule
            continue
        # What keeps silent returns nothing; but each metric that it looks at is there.
        looked_at = re.findall(r"\b(?:up|rivulet|ml|redis)[\w:]*(?:\{[^}]*\})?", rule["query"])
        assert looked_at
        for selector in looked_at:
            assert prometheus.has_data(selector), (rule["name"], selector)


def test_no_alert_fires_but_that_ticks_have_ended(prometheus: Prometheus) -> None:
    firing = {
        alert["labels"]["alertname"] for alert in prometheus.ask("alerts")["alerts"] if alert["state"] == "firing"
    }
    assert firing <= {"RivuletNoTick"}


def test_nothing_was_started_by_looking(site: Site, starts: dict[str, int]) -> None:
    assert site.starts() == starts
    assert site.at_zero()
    assert min(starts.values()) >= 2


def test_one_observation_is_followed_by_its_trace_id(site: Site, prometheus: Prometheus) -> None:
    text = "".join(path.read_text("utf-8") for path in sorted(site.logs.glob("*.log")))
    lines = [json.loads(line) for line in text.splitlines() if line.startswith("{") and '"trace_id"' in line]
    (trace,) = {line["trace_id"] for line in lines if line["service"] == "ledger" and line["seq"] == 150}
    found = Counter(
        line["service"] for line in lines if line["trace_id"] == trace and line["outcome"] in ("answered", "taken")
    )
    models = {f"model-{name}": 1 for name in ("linear", "bagging", "knn", "amfr")}
    assert found == {"ingest": 1, "features": 1, **models, "ledger": MODELS}


def test_two_hundred_observations_are_on_record(prometheus: Prometheus) -> None:
    (found,) = prometheus.ask("query", query='rivulet_observations_total{series="default"}')["result"]
    assert float(found["value"][1]) == 2 * HALF


def test_an_exporter_that_dies_comes_back(site: Site, prometheus: Prometheus, starts: dict[str, int]) -> None:
    children = psutil.Process(site.process.pid).children()
    (exporter,) = [child for child in children if "exporter.main" in child.cmdline()]
    exporter.kill()
    wait_for(lambda: not answers(site.metrics), 10)
    wait_for(lambda: answers(site.metrics))
    assert site.starts() == starts
