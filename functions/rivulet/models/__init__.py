"""The models: one small module each, which holds a `DEFINITION`.

A definition is a name, a builder and a seed. To add one, write its module here, a variant of the model's Service
in `knative/models/` and a Trigger in `eventing/triggers.yaml`. A module imports only what its own model needs: a
function loads one definition, and each import counts in a cold start.
"""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from rivulet import lean_imports


class Regressor(Protocol):
    """What a definition builds. River's regressors are such; anything else with these two methods is, too."""

    def predict_one(self, x: dict[str, float]) -> Any:
        """Predict what follows the lags, leaving the state as it is."""

    def learn_one(self, x: dict[str, float], y: float) -> Any:
        """Learn that `y` followed the lags."""


@runtime_checkable
class Forecaster(Regressor, Protocol):
    """A regressor with a way of its own to look several steps ahead.

    Of one without it, each prediction becomes the newest lag of the next.
    """

    def forecast_from(self, x: dict[str, float], steps: int) -> list[float]:
        """Predict the next steps, leaving the state as it is."""


class Builder(Protocol):
    """Builds a model."""

    def __call__(self, season: int | None = None) -> Regressor:
        """Return an untrained regressor."""


@dataclass(frozen=True)
class Definition:
    """A model's recipe.

    Attributes
    ----------
    name
        What users, keys and events call the model.
    build
        Returns an untrained regressor, seeded: two that learn the same lessons are equal to the last bit. It is
        called with the length of the series' season, where a user has given one.
    revision
        Raised with every change of what the model computes, so that no older snapshot is taken for its state.
    """

    name: str
    build: Builder
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
