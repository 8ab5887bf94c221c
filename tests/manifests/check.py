"""All checks of the manifests, offline."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.manifests import kinds, routing
from tests.manifests.rendering import Checked, render_and_lint

FUNCTIONS = ("knative/overlays/dev", "knative/overlays/all-models")
ROUTING = "eventing"


def check(root: Path) -> Checked:
    """Render and check every manifest below `root`."""
    checked = render_and_lint(root)
    for folder, objects in checked.objects.items():
        nulls = [item for item in objects if _has_null(item)]
        checked.problems += [
            f"{folder}: {item['kind']} {item['metadata']['name']} says null somewhere" for item in nulls
        ]
    checked.problems += kinds.problems(item for objects in checked.objects.values() for item in objects)
    for folder in FUNCTIONS:
        if folder not in checked.objects or ROUTING not in checked.objects:
            checked.problems.append(f"there is no {folder}, or no {ROUTING}")
            continue
        # A model that is switched on brings its own Triggers with it.
        functions = checked.objects[folder]
        found = routing.problems(functions, [*checked.objects[ROUTING], *functions])
        checked.problems += [f"{folder} with {ROUTING}: {problem}" for problem in found]
    return checked


def _has_null(value: Any) -> bool:
    """Whether there is a null, which is what a misplaced comment makes of an entry, and which no validation minds."""
    if isinstance(value, dict | list):
        return any(map(_has_null, value.values() if isinstance(value, dict) else value))
    return value is None
