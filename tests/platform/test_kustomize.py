"""The subset of kustomize gives what kubectl gives: ``rendered/`` is what it gave (`task rendered`)."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from rivulet_local.errors import ManifestError
from rivulet_local.kustomize import render

REPOSITORY = Path(__file__).parents[2]
OWN = Path(__file__).parent / "manifests"
RENDERED = Path(__file__).parent / "rendered"
FOLDERS = {
    "knative": REPOSITORY / "knative" / "overlays" / "dev",
    "all-models": REPOSITORY / "knative" / "overlays" / "all-models",
    "eventing": REPOSITORY / "eventing",
    "patched": OWN / "knative",
    "routes": OWN / "eventing",
}


def by_name(objects: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(objects, key=lambda each: (each["kind"], each["metadata"]["name"]))


@pytest.mark.parametrize(("name", "folder"), FOLDERS.items())
def test_renders_what_kubectl_rendered(name: str, folder: Path) -> None:
    rendered = yaml.safe_load_all((RENDERED / f"{name}.yaml").read_text("utf-8"))
    assert by_name(render(folder)) == by_name(list(rendered)), "Were manifests changed? `task rendered`, and look at it"


@pytest.mark.parametrize(
    ("kustomization", "named"),
    [
        ("replicas: [{name: a, count: 2}]", "'replicas'"),
        ("resources: [missing.yaml]", "missing.yaml"),
        ("resources: [a.yaml]\npatches: [{target: {kind: Nothing}, patch: '[]'}]", "Nothing"),
        ("resources: [a.yaml]\npatches: [{target: {group: apps}, patch: '[]'}]", "'group'"),
        ("resources: [a.yaml]\nlabels: [{pairs: {a: b}, includeSelectors: true}]", "'includeSelectors'"),
        (
            "resources: [a.yaml]\npatches:\n- patch: '{kind: ConfigMap, metadata: {name: a}, data: {x: [1]}}'",
            "'x' is a list",
        ),
        (
            "resources: [a.yaml]\npatches: [{target: {kind: ConfigMap}, patch: '[{op: remove, path: /data/nothing}]'}]",
            "does not apply",
        ),
    ],
)
def test_what_it_does_not_know_is_an_error_that_names_it(tmp_path: Path, kustomization: str, named: str) -> None:
    (tmp_path / "a.yaml").write_text("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {x: '1'}\n")
    (tmp_path / "kustomization.yaml").write_text(kustomization)
    with pytest.raises(ManifestError, match=named):
        render(tmp_path)
