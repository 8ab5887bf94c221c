"""Kubernetes' own kinds, held to the schemas of its release."""

from __future__ import annotations

import functools
import json
import logging
from collections.abc import Iterable

import kubernetes_validate

from tests.manifests.rendering import Object

# The oldest release that Knative 1.23 runs on; the later ones take what it takes.
RELEASE = "1.34"
# Checked by their own projects' code.
_OTHERS = ("serving.knative.dev", "eventing.knative.dev", "messaging.knative.dev", "argoproj.io")


def problems(objects: Iterable[Object]) -> list[str]:
    """Return what the schemas refuse; an unknown field is refused, too."""
    logging.getLogger("kubernetes_validate").setLevel(logging.ERROR)
    # What several folders have in common is checked once.
    return [found for text in dict.fromkeys(map(_text, objects)) if (found := _problem(text))]


def _text(item: Object) -> str:
    return json.dumps(item, sort_keys=True)


@functools.cache
def _problem(text: str) -> str | None:
    item = json.loads(text)
    if str(item.get("apiVersion", "")).partition("/")[0] in _OTHERS:
        return None
    try:
        kubernetes_validate.validate(item, RELEASE, strict=True)
    except (kubernetes_validate.ValidationError, kubernetes_validate.SchemaNotFoundError) as error:
        return f"{item.get('kind')} {item.get('metadata', {}).get('name')}: {str(error).splitlines()[0]}"
    return None
