"""Which folders have manifests, and what they render to: by the Go program that checks them on the way."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml

REPOSITORY = Path(__file__).resolve().parents[2]
LINT = REPOSITORY / ".tools" / "manifestlint"
# What a component changes, by the folder that it is in, if not that folder itself; alone it cannot be rendered.
CHANGED_BY_COMPONENTS = {"knative": "knative/overlays/dev", "eventing": "eventing"}
_SKIPPED = {"tests", "out", "node_modules"}

Object = dict[str, Any]


@dataclass
class Checked:
    """Folders, what they render to, and what is wrong with it."""

    objects: dict[str, list[Object]] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)


def folders(root: Path) -> tuple[list[Path], list[Path]]:
    """Return every folder with a kustomization: those that can be rendered, and the components."""
    whole: list[Path] = []
    components: list[Path] = []
    for file in sorted(root.rglob("kustomization.yaml")):
        parts = file.relative_to(root).parts
        if parts[0] in _SKIPPED or parts[0].startswith("."):
            continue
        kind = yaml.safe_load(file.read_text("utf-8")).get("kind")
        (components if kind == "Component" else whole).append(file.parent)
    return whole, components


def render(folder: Path) -> list[Object]:
    """Render one folder; a problem is an error."""
    done = subprocess.run([_lint(), folder], capture_output=True, text=True, check=False)
    if done.returncode:
        raise ValueError(done.stderr)
    objects: list[Object] = json.loads(done.stdout)["objects"]
    return objects


def _lint() -> Path:
    if not LINT.exists():
        raise SystemExit(f"{LINT} is missing: `task tools` builds it (it needs Go)")
    return LINT


def render_and_lint(root: Path) -> Checked:
    """Render every folder below `root`, and each component with what it changes."""
    lint = _lint()
    whole, components = folders(root)
    with TemporaryDirectory(dir=root, prefix=".components-") as scratch:
        for component in components:
            whole.append(_with_base(component, root, Path(scratch)))
        done = subprocess.run([lint, *whole], capture_output=True, text=True, check=False, env=dict(os.environ))
    checked = Checked(problems=[line.replace(f"{root}/", "") for line in done.stderr.splitlines()])
    if done.returncode not in (0, 1):
        checked.problems.append(f"{LINT.name} ended with {done.returncode}")
    for line in done.stdout.splitlines():
        rendered = json.loads(line)
        checked.objects[rendered["folder"].removeprefix(f"{root}/")] = rendered["objects"]
    return checked


def _with_base(component: Path, root: Path, scratch: Path) -> Path:
    path = component.relative_to(root)
    folder = scratch / "-".join(path.parts)
    folder.mkdir()
    changed = os.path.relpath(root / CHANGED_BY_COMPONENTS.get(path.parts[0], path.parts[0]), folder)
    text = {"resources": [changed], "components": [os.path.relpath(component, folder)]}
    (folder / "kustomization.yaml").write_text(yaml.safe_dump(text), "utf-8")
    return folder
