"""The models: one small module each, which holds a `DEFINITION`.

A definition is a name, a builder and a seed. To add one, write its module here, a variant of the model's Service
in `knative/models/` and a Trigger in `eventing/triggers.yaml`. A module imports only what its own model needs: a
function loads one definition, and each import counts in a cold start.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from rivulet import lean_imports


class Regressor(Protocol):
    """What a definition builds. River's regressors are such; others can be."""

    def predict_one(self, x: dict[str, float]) -> Any:
        """Predict, leaving the state as it is."""

    def learn_one(self, x: dict[str, float], y: float) -> Any:
        """Learn one observation."""


@dataclass(frozen=True)
class Definition:
    """A model's recipe.

    Attributes
    ----------
    name
        What users, keys and events call the model.
    build
        Returns an untrained regressor, seeded: two that learn the same lessons are equal to the last bit.
    revision
        Raised with every change of what the model computes, so that no older snapshot is taken for its state.
    """

    name: str
    build: Callable[[], Regressor]
    revision: int = 1


class UnknownModel(ValueError):
    """No definition has that name."""


def names() -> list[str]:
    """Return the names of all definitions."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__))


def definition(name: str) -> Definition:
    """Load one definition, and nothing else.

    Raises
    ------
    UnknownModel
        If there is none of that name.
    """
    lean_imports.install()
    if name not in names():
        raise UnknownModel(f"MODEL_NAME must be one of {', '.join(names())}, not {name!r}")
    found: Definition = importlib.import_module(f"{__name__}.{name}").DEFINITION
    return found
