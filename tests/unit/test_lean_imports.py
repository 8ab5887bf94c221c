"""River read piece by piece is the River that it is otherwise, only sooner there."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from rivulet.lean_imports import read_package
from tests.plain_loop import MODELS

FUNCTIONS = Path(__file__).parents[2] / "functions"
STARTED = """
import json, sys
import gunicorn.app.wsgiapp, rivulet.serving.worker, rivulet.application
rivulet.application.create_app()
print(json.dumps({"modules": sorted(sys.modules)}))
"""

REDIS_NAMES = """
import json, redis, redis.commands
found = {}
for package in (redis, redis.asyncio, redis.commands, redis.observability):
    for name in package.__all__:
        value = getattr(package, name)
        found[f"{package.__name__}.{name}"] = [getattr(value, "__module__", ""), getattr(value, "__qualname__", "")]
print(json.dumps({"names": found, "version": redis.VERSION, "modules": sorted(sys.modules)}))
"""

UVICORN_NAMES = """
import json, uvicorn
found = {name: getattr(uvicorn, name) for name in uvicorn.__all__}
import uvicorn.main
found["main, once its module was imported"] = uvicorn.main
from uvicorn.main import main as _
found["main, once more"] = uvicorn.main
kinds = {name: [type(value).__name__, getattr(value, "__module__", "")] for name, value in found.items()}
print(json.dumps({"names": kinds, "version": uvicorn.__version__, "all": uvicorn.__all__}))
"""

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


def run(*parts: str, **settings: str) -> Any:
    environment = {**os.environ, "PYTHONPATH": str(FUNCTIONS), **settings}
    command = [sys.executable, "-c", "\n".join(parts)]
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True, env=environment).stdout)


@pytest.fixture(scope="module", params=["ingest", "features", "ledger", "model"])
def imported(request: pytest.FixtureRequest) -> list[str]:
    """Return the modules that a function has imported when it begins to serve."""
    source = f"{FUNCTIONS / request.param}/main.py"
    settings = {"FUNCTION_SOURCE": source, "FUNCTION_TARGET": "handle", "FUNCTION_SIGNATURE_TYPE": "http"}
    modules: list[str] = run(STARTED, **settings, MODEL_NAME="linear_regression")["modules"]
    return modules


# What no first answer needs, and what else of redis-py this one does without: where a new release of it imports one of
# these otherwise, a start has become slower, and `lean_imports` may have to be told more.
@pytest.mark.parametrize(
    "unwanted",
    [
        *("requests", "urllib3", "charset_normalizer", "idna", "http.cookiejar"),
        *("redis.cluster", "redis.sentinel", "redis.keyspace_notifications", "redis.commands.cluster"),
        *("redis.asyncio.client", "redis.asyncio.connection", "redis.asyncio.cluster", "redis._parsers.commands"),
        *("redis.commands.json", "redis.commands.search", "redis.commands.timeseries", "redis.multidb"),
        *("opentelemetry", "prometheus_client", "pandas", "sklearn", "scipy.stats"),
        *("flask", "werkzeug", "jinja2", "click", "functions_framework", "cloudevents", "rivulet.web"),
        *("uvicorn.main", "uvicorn.supervisors", "multiprocessing"),
    ],
)
def test_a_function_starts_without(unwanted: str, imported: list[str]) -> None:
    assert unwanted not in imported


def test_a_model_that_does_without_numpy_starts_without(imported: list[str]) -> None:
    assert "numpy._core" not in imported


def test_each_name_of_redis_means_the_same() -> None:
    ordinary = run("import sys", REDIS_NAMES)
    lean = run("import sys, rivulet.store", REDIS_NAMES)
    assert len(ordinary["names"]) > 60
    assert lean["names"] == ordinary["names"]
    assert lean["version"] == ordinary["version"]


def test_each_name_of_uvicorn_means_the_same() -> None:
    ordinary, lean = run(UVICORN_NAMES), run("import rivulet.serving.worker", UVICORN_NAMES)
    assert ordinary["names"]["main"][0] != "module"
    assert lean == ordinary


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
    assert ("numpy._core" in lean["modules"]) == (model == "knn_regressor")


@pytest.mark.parametrize(
    "source",
    [
        "from .a import *",
        "from .a import B as a",
        "from .a import B\nC = B()",
        "from .a import B\ndef f(): return B",
        "from .a import B\nclass B: pass",
        "from .a import B\ntry: import c as B\nexcept ImportError: pass",
    ],
)
def test_a_package_that_uses_what_it_imports_is_imported_as_ever(source: str) -> None:
    assert read_package("some", source.encode()) is None


def test_a_package_of_imports_alone_is_read() -> None:
    source = (
        b'"""Text."""\nfrom __future__ import annotations\nfrom . import sub\nfrom .a import B as C\n__all__ = ["C"]'
    )
    read = read_package("some", source)
    assert read is not None
    assert read[0] == {"sub": ("some.sub", None), "C": ("some.a", "B")}
    assert read[1].body == []


def test_what_a_package_does_beside_is_run() -> None:
    source = b"import os\nfrom some import sub\nfrom some.a import B\nfrom other import D\n__version__ = f()"
    read = read_package("some", source)
    assert read is not None
    assert read[0] == {"sub": ("some.sub", None), "B": ("some.a", "B")}
    assert [ast.unparse(statement) for statement in read[1].body] == [
        "import os",
        "from other import D",
        "__version__ = f()",
    ]
