"""The committed dashboards, and the expressions in them."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parents[2] / "observability" / "grafana" / "dashboards"
BOARDS: dict[str, dict[str, Any]] = {
    path.stem: json.loads(path.read_text("utf-8")) for path in sorted(FOLDER.glob("*.json"))
}
_BUILT_IN = {"$__rate_interval": "5m", "$__interval": "15s", "$__range": "1h"}


def panels(board: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Return the panels that show something."""
    return (panel for panel in board["panels"] if panel["type"] not in ("row", "text"))


def variables(board: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the variables by name."""
    return {each["name"]: each for each in board["templating"]["list"]}


def expressions(board: dict[str, Any], expr: str) -> Iterator[str]:
    """Return an expression with each combination of what its variables may be; a lookup stands for everything."""
    for name, value in _BUILT_IN.items():
        expr = expr.replace(name, value)
    used = [name for name in variables(board) if re.search(rf"\$\{{?{name}\b", expr)]
    choices = []
    for name in used:
        variable = variables(board)[name]
        choices.append(variable["query"].split(",") if variable["type"] == "custom" else [variable["allValue"]])
    for values in itertools.product(*choices):
        text = expr
        for name, value in zip(used, values, strict=True):
            text = text.replace(f"${{{name}}}", value).replace(f"${name}", value)
        left = re.search(r"\$\{?[A-Za-z_]", text)  # $1 is label_replace's own
        assert not left, f"{text} has a variable that {board['uid']} does not have"
        yield text
