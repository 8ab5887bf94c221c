"""Each log record is one line of JSON, whatever is in it."""

from __future__ import annotations

import json
import logging
import re
from typing import Any

import pytest

from rivulet.logs import configure, log, tell


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("naïve \u2028 \n", "naïve \u2028 \n"),
        (float("inf"), None),
        (None, None),
        ("half \ud800", "half \ud800"),
        (2**70, 2**70),
        ({"a": [1, 2.5]}, {"a": [1, 2.5]}),
        (ValueError("no"), "no"),
    ],
)
def test_a_field_of_any_kind(capsys: pytest.CaptureFixture[str], value: object, told: Any) -> None:
    configure("tests", "INFO", "r1")
    try:
        log.info("what %s", "happened", extra={"fields": {"value": value}})
        tell(logging.INFO, "what happened", {"value": value})
        tell(logging.DEBUG, "what nobody wants to know", {})
    finally:
        log.handlers.clear()
    *lines, end = capsys.readouterr().err.split("\n")
    assert len(lines) == 2
    assert not end
    for found in map(json.loads, lines):
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", found.pop("time"))
        own = {"level": "INFO", "service": "tests", "revision": "r1", "message": "what happened"}
        assert found == {**own, "value": told}
