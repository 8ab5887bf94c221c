"""All checks of the manifests, offline."""

from __future__ import annotations

from pathlib import Path

from tests.manifests import kinds, routing
from tests.manifests.rendering import Checked, render_and_lint

FUNCTIONS = "knative/overlays/dev"
ROUTING = "eventing"


def check(root: Path) -> Checked:
    """Render and check every manifest below `root`."""
    checked = render_and_lint(root)
    checked.problems += kinds.problems(item for objects in checked.objects.values() for item in objects)
    if FUNCTIONS in checked.objects and ROUTING in checked.objects:
        found = routing.problems(checked.objects[FUNCTIONS], checked.objects[ROUTING])
        checked.problems += [f"{ROUTING}: {problem}" for problem in found]
    else:
        checked.problems.append(f"there is no {FUNCTIONS}, or no {ROUTING}")
    return checked
