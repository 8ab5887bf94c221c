"""Prometheus' configuration by its own checkers; each alert fires and keeps silent in a test, and is in the runbook."""

from __future__ import annotations

import subprocess

import pytest
import yaml

from tests.observability.prometheus import FOLDER, program

ALERTS = [
    rule
    for group in yaml.safe_load((FOLDER / "rules" / "alerts.yml").read_text("utf-8"))["groups"]
    for rule in group["rules"]
]
CASES = [
    case for path in (FOLDER / "tests").glob("alerts*.yml") for case in yaml.safe_load(path.read_text("utf-8"))["tests"]
]


def promtool(*arguments: str) -> None:
    done = subprocess.run(
        [program("promtool"), *arguments], cwd=FOLDER, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_configuration_is_one() -> None:
    promtool("check", "config", "prometheus.yml")


def test_rules_do_what_their_tests_say() -> None:
    promtool("test", "rules", *sorted(str(path.relative_to(FOLDER)) for path in (FOLDER / "tests").glob("*.yml")))


@pytest.mark.parametrize("alert", [rule["alert"] for rule in ALERTS])
def test_an_alert_is_tested_both_ways(alert: str) -> None:
    moments = [moment for case in CASES for moment in case["alert_rule_test"] if moment["alertname"] == alert]
    assert any(moment["exp_alerts"] for moment in moments)
    assert any(not moment["exp_alerts"] for moment in moments)


@pytest.mark.parametrize("rule", ALERTS, ids=lambda rule: rule["alert"])
def test_an_alert_has_its_lines_in_the_runbook(rule: dict[str, dict[str, str]]) -> None:
    assert rule["labels"]["severity"] in ("warning", "critical")
    assert rule["annotations"].keys() == {"summary", "description", "runbook"}
    assert f"\n## {rule['alert']}\n" in (FOLDER.parent / "RUNBOOK.md").read_text("utf-8")
