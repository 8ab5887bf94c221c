"""The subset of kustomize that this repository's manifests use.

A field that is not known here is an error that names it: what is ignored in silence would make one machine and the
cluster differ.
"""

from __future__ import annotations

import copy
import re
from pathlib import Path
from typing import Any

import jsonpatch
import yaml

from rivulet_local.errors import ManifestError

Object = dict[str, Any]

_COMPONENT_FIELDS = {"apiVersion", "kind", "resources", "patches"}
_FIELDS = {*_COMPONENT_FIELDS, "components", "namespace", "nameSuffix", "labels"}
_CLUSTER_WIDE = {"Namespace", "ClusterRole", "ClusterRoleBinding", "CustomResourceDefinition", "PriorityClass"}


def render(folder: Path) -> list[Object]:
    """Render a folder with a kustomization, as ``kubectl kustomize`` does.

    Parameters
    ----------
    folder
        Holds ``kustomization.yaml``.

    Returns
    -------
    list of dict
        The objects, in the order in which the resources name them.

    Raises
    ------
    ManifestError
        If a file is missing, is no YAML, or has a field that this subset does not know.
    """
    source, kustomization = _kustomization(folder)
    refuse_unknown(kustomization, _FIELDS, str(source))
    objects = [found for name in kustomization.get("resources", []) for found in _resource(folder, name)]
    for name in kustomization.get("components", []):
        _add_component((folder / name).resolve(), objects)
    for patch in kustomization.get("patches", []):
        _apply(patch, objects, folder, source)
    for item in objects:
        _transform(item, kustomization, source)
    return objects


def _kustomization(folder: Path) -> tuple[Path, Object]:
    source = folder / "kustomization.yaml"
    documents = _read(source)
    if len(documents) != 1:
        raise ManifestError(f"{source} has to hold one document.")
    return source, documents[0]


def _add_component(folder: Path, objects: list[Object]) -> None:
    """Add a component's objects to those that are there, and let its patches change any of them."""
    source, component = _kustomization(folder)
    refuse_unknown(component, _COMPONENT_FIELDS, str(source))
    for name in component.get("resources", []):
        objects += _resource(folder, name)
    for patch in component.get("patches", []):
        _apply(patch, objects, folder, source)


def refuse_unknown(mapping: Any, known: set[str], where: str) -> None:
    """Raise a ManifestError that names the first field of a mapping which is not known."""
    if not isinstance(mapping, dict):
        raise ManifestError(f"{where} has to be a mapping.")
    for name in mapping:
        if name not in known:
            raise ManifestError(f"{where}: the embedded mode does not know the field {name!r}.")


def _read(path: Path) -> list[Object]:
    try:
        documents = [each for each in yaml.safe_load_all(path.read_text("utf-8")) if each is not None]
    except OSError as error:
        raise ManifestError(f"{path} cannot be read: {error.strerror}.") from None
    except yaml.YAMLError as error:
        raise ManifestError(f"{path} is no YAML: {error}") from None
    if not all(isinstance(each, dict) for each in documents):
        raise ManifestError(f"{path} holds a document that is no mapping.")
    return documents


def _resource(folder: Path, name: str) -> list[Object]:
    path = folder / name
    return render(path.resolve()) if path.is_dir() else _read(path)


def _transform(item: Object, kustomization: Object, source: Path) -> None:
    metadata = item.setdefault("metadata", {})
    if item.get("kind") != "Namespace":
        metadata["name"] += kustomization.get("nameSuffix", "")
    if "namespace" in kustomization:
        if item.get("kind") == "Namespace":
            metadata["name"] = kustomization["namespace"]
        elif item.get("kind") not in _CLUSTER_WIDE:
            metadata["namespace"] = kustomization["namespace"]
    for label in kustomization.get("labels", []):
        refuse_unknown(label, {"pairs"}, f"labels in {source}")
        metadata.setdefault("labels", {}).update(label["pairs"])


def _apply(patch: Object, objects: list[Object], folder: Path, source: Path) -> None:
    refuse_unknown(patch, {"patch", "path", "target"}, f"patches in {source}")
    text = patch["patch"] if "patch" in patch else (folder / patch["path"]).read_text("utf-8")
    change = yaml.safe_load(text)
    target = patch.get("target") or _named_by(change, source)
    refuse_unknown(target, {"kind", "name"}, f"a patch's target in {source}")
    chosen = [item for item in objects if _matches(item, target)]
    if not chosen:
        raise ManifestError(f"{source}: no object matches the patch's target {target}.")
    for item in chosen:
        changed = _changed(item, change, source)
        item.clear()
        item.update(changed)


def _named_by(change: Any, source: Path) -> Object:
    if not isinstance(change, dict):
        raise ManifestError(f"{source}: a list of JSON patch operations needs a target.")
    return {"kind": change["kind"], "name": re.escape(change["metadata"]["name"])}


def _matches(item: Object, target: Object) -> bool:
    values = {"kind": item.get("kind", ""), "name": item.get("metadata", {}).get("name", "")}
    return all(re.fullmatch(pattern, values[key]) for key, pattern in target.items())


def _changed(item: Object, change: Any, source: Path) -> Object:
    if isinstance(change, list):
        try:
            return dict(jsonpatch.apply_patch(item, change))
        except (jsonpatch.JsonPatchException, jsonpatch.JsonPointerException) as error:
            raise ManifestError(f"{source}: the patch does not apply: {error}.") from None
    merged = copy.deepcopy(item)
    _merge(merged, {key: value for key, value in change.items() if key not in ("apiVersion", "kind")}, source)
    merged["metadata"]["name"] = item["metadata"]["name"]
    return merged


def _merge(into: Object, change: Object, source: Path) -> None:
    for key, value in change.items():
        if isinstance(value, list):
            raise ManifestError(f"{source}: {key!r} is a list; change lists with JSON patch operations.")
        if value is None:
            into.pop(key, None)
        elif isinstance(value, dict) and isinstance(into.get(key), dict):
            _merge(into[key], value, source)
        else:
            into[key] = value
