"""River read piece by piece is the River that it is otherwise, only sooner there."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from rivulet.lean_imports import read_exports
from tests.plain_loop import MODELS

FUNCTIONS = Path(__file__).parents[2] / "functions"
LEAN = "from rivulet import lean_imports; lean_imports.install()"

PUBLIC_NAMES = """
import importlib, json, pkgutil, river
found = {}
for package in pkgutil.walk_packages(river.__path__, "river."):
    if package.ispkg:
        try:
            module = importlib.import_module(package.name)
        except ImportError:  # of what is optional
            continue
        for name in module.__all__ if hasattr(module, "__all__") else ():
            value = getattr(module, name, None)
            kind = getattr(value, "__qualname__", None) or getattr(value, "__name__", None)
            found[f"{package.name}.{name}"] = [getattr(value, "__module__", None), kind]
print(json.dumps(found))
"""

PREDICTIONS = """
import importlib, json, sys
model = importlib.import_module(f"rivulet.models.{NAME}").DEFINITION.build()
predictions = []
for k in range(300):
    x = {f"in_{i}": float((k * 37 + i * 11) % 101) for i in range(1, 16)}
    predictions.append(model.predict_one(x) if k else 0.0)
    model.learn_one(x, float((k * 53) % 71))
print(json.dumps({"predictions": predictions, "modules": sorted(sys.modules)}))
"""


def run(*parts: str) -> Any:
    environment = {**os.environ, "PYTHONPATH": str(FUNCTIONS)}
    command = [sys.executable, "-c", "\n".join(parts)]
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True, env=environment).stdout)


def test_each_public_name_means_the_same() -> None:
    ordinary, lean = run(PUBLIC_NAMES), run(LEAN, PUBLIC_NAMES)
    there = {name: value for name, value in ordinary.items() if value != [None, None]}  # River lists some that are not
    assert len(there) > 300
    assert {name: lean.get(name) for name in there} == there


@pytest.mark.parametrize("model", MODELS)
def test_a_model_is_the_same_and_its_import_a_fraction(model: str) -> None:
    name = f"NAME = {model!r}"
    ordinary, lean = run(name, PREDICTIONS), run(LEAN, name, PREDICTIONS)
    assert lean["predictions"] == ordinary["predictions"]
    heavy = ("scipy.stats", "scipy.optimize", "scipy.linalg", "scipy.special._ufuncs", "pandas", "sklearn")
    assert [module for module in heavy if module in lean["modules"]] == []
    assert len(lean["modules"]) < 0.8 * len(ordinary["modules"])


@pytest.mark.parametrize(
    "source",
    ["from .a import *", "import os", "from os import path", "x = 1", "from .a import a", "def f(): pass", "f()"],
)
def test_a_package_that_does_more_is_imported_as_ever(source: str) -> None:
    assert read_exports("river.some", source.encode()) is None


def test_a_package_of_imports_alone_is_read() -> None:
    source = (
        b'"""Text."""\nfrom __future__ import annotations\nfrom . import sub\nfrom .a import B as C\n__all__ = ["C"]'
    )
    assert read_exports("river.some", source) == {"sub": ("river.some.sub", None), "C": ("river.some.a", "B")}
