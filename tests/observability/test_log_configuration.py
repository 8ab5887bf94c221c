"""Loki and Alloy are told nothing that they do not know; their own checkers are parts of their servers."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from lark.exceptions import UnexpectedInput

from tests.observability.alloy import parse, problems

FOLDER = Path(__file__).resolve().parents[2] / "observability"
LOKI = (FOLDER / "loki" / "loki.yaml").read_text("utf-8")
ALLOY = (FOLDER / "alloy" / "config.alloy").read_text("utf-8")


def refusals_of_loki(text: str) -> list[str]:
    schema = yaml.safe_load((Path(__file__).parent / "schemas" / "loki.yaml").read_text("utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    found: Any = jsonschema.Draft202012Validator(schema).iter_errors(yaml.safe_load(text))
    return [each.message for each in found]


def test_loki_knows_what_it_is_told() -> None:
    assert refusals_of_loki(LOKI) == []


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("retention_period:", "retention_time:"),
        ("retention_enabled: true", "retention_enabled: 1"),
        ("store: tsdb", "store: boltdb-shipper"),
        ("period: 24h", "period: 1d"),
        ("compactor:", "compacter:"),
    ],
)
def test_loki_is_refused_what_it_does_not_know(right: str, wrong: str) -> None:
    assert right in LOKI
    assert refusals_of_loki(LOKI.replace(right, wrong, 1))


def test_alloy_knows_what_it_is_told() -> None:
    assert list(problems(parse(ALLOY))) == []


@pytest.mark.parametrize(
    ("right", "wrong", "problem"),
    [
        ("forward_to = [loki.process", "forward = [loki.process", "loki.source.kubernetes has no argument forward"),
        ('role = "pod"', 'role = ["pod"]', "discovery.kubernetes: role is a string, not a list"),
        ("stage.label_keep", "stage.labelkeep", "stage.labelkeep does not stand in loki.process"),
        ('loki.write "loki"', "loki.write", "loki.write: a label is missing"),
        ('source = "time"', "", "stage.timestamp: source is missing"),
    ],
)
def test_alloy_is_refused_what_it_does_not_know(right: str, wrong: str, problem: str) -> None:
    assert right in ALLOY
    assert problem in list(problems(parse(ALLOY.replace(right, wrong, 1))))


@pytest.mark.parametrize(("right", "wrong"), [("level  =", "level  :"), ("}\n", "\n"), ('"pod"', "'pod'")])
def test_alloy_is_refused_what_is_not_its_syntax(right: str, wrong: str) -> None:
    with pytest.raises(UnexpectedInput):
        parse(re.sub(re.escape(right), wrong, ALLOY.replace("level =", "level  ="), count=1))


def test_alloys_components_hang_together() -> None:
    blocks = parse(ALLOY).blocks
    named = {f"{each.kind}.{each.label}" for each in blocks if each.label}
    used = {name.rpartition(".")[0] for each in blocks for name in each.references}
    assert used <= named
    assert named - used == {"loki.source.kubernetes.pods"}  # where it begins; all else is used by something
