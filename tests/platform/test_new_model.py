"""A new model's files: written as they stand, they pass what every model's have to pass."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from rivulet_local.manifests import load_manifests
from rivulet_local.new_model import NewModelError, write

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """Return a copy of what a new model touches."""
    for folder in ("functions", "knative", "eventing", "tests/unit"):
        shutil.copytree(REPOSITORY / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(REPOSITORY / "pyproject.toml", tmp_path)
    return tmp_path


def test_what_is_written_passes_the_tests_and_runs(copy: Path) -> None:
    written = write(copy, "passive_aggressive")
    assert all((copy / path).is_file() for path in written)
    tests = ["tests/unit/models", "tests/unit/test_conformance.py", "tests/unit/test_fold.py"]
    environment = {**os.environ, "PYTHONPATH": str(copy / "functions")}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", "passive_aggressive", *tests],
        cwd=copy,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout
    assert " passed" in done.stdout
    for check in (["check"], ["format", "--check"]):
        checked = subprocess.run([sys.executable, "-m", "ruff", *check, *written[:1], written[4]], cwd=copy)
        assert checked.returncode == 0
    manifests = load_manifests(copy / "knative" / "overlays" / "all-models", copy / "eventing")
    service = manifests.services["model-passive-aggressive"]
    assert service.settings["MODEL_NAME"] == service.settings["MODELS_PASSIVE_AGGRESSIVE"] == "passive_aggressive"
    assert sum(trigger.target.service == service.name for trigger in manifests.triggers) == 1


@pytest.mark.parametrize("name", ["", "Upper", "two__dashes", "9lives", "a-b", "../up", "x" * 41])
def test_a_name_that_cannot_be_one_is_refused(copy: Path, name: str) -> None:
    with pytest.raises(NewModelError, match="NAME"):
        write(copy, name)


def test_a_name_that_is_taken_is_refused(copy: Path) -> None:
    before = (copy / "knative/overlays/all-models/kustomization.yaml").read_text()
    with pytest.raises(NewModelError, match="taken"):
        write(copy, "knn_regressor")
    assert (copy / "knative/overlays/all-models/kustomization.yaml").read_text() == before


def test_models_that_are_off_by_default_are_delivered_to_like_the_others() -> None:
    manifests = load_manifests(REPOSITORY / "knative" / "overlays" / "all-models", REPOSITORY / "eventing")
    found = {each.name: each for each in manifests.triggers if each.name.startswith("model-")}
    assert len(found) == 7
    assert len({(each.delivery, each.wakes) for each in found.values()}) == 1, found
    for kind in ("tick", "features"):
        assert all(each.passes({"type": f"dev.rivulet.{kind}.v1"}) for each in found.values())
