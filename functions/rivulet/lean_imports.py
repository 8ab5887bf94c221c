"""Import of River piece by piece: a cold start pays for the one model that it serves.

`import river.linear_model` runs an ``__init__`` that imports every linear model there is, and through them half of
River and of SciPy: most of a second, of which one model needs a tenth. Those ``__init__`` modules consist of imports
alone. Here they are not run but read, and each name is imported when it is first asked for (PEP 562). A package whose
``__init__`` does anything else is imported as ever, so that what a name means does not change.
"""

from __future__ import annotations

import ast
import importlib
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from importlib.util import LazyLoader, find_spec, module_from_spec
from types import ModuleType
from typing import Any

_ROOT = "river"
_ON_FIRST_USE = ("scipy.special",)  # for losses and distributions that a model may never compute

Exports = dict[str, tuple[str, str | None]]


class _Reader(Loader):
    """Loads a package by reading its ``__init__``, if that is imports alone."""

    def __init__(self, real: SourceFileLoader) -> None:
        self._real = real

    def create_module(self, spec: ModuleSpec) -> None:
        return None

    def exec_module(self, module: ModuleType) -> None:
        source = self._real.get_data(self._real.path)
        exports = read_exports(module.__name__, source)
        if exports is None:
            self._real.exec_module(module)
            return

        def resolve(name: str) -> Any:
            if name not in exports:
                raise AttributeError(f"module {module.__name__!r} has no attribute {name!r}")
            origin, attribute = exports[name]
            found: Any = importlib.import_module(origin)
            found = found if attribute is None else getattr(found, attribute)
            setattr(module, name, found)
            return found

        module.__dict__.update(__getattr__=resolve, __all__=sorted(exports), __dir__=lambda: sorted(exports))


class _Finder(MetaPathFinder):
    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname.partition(".")[0] != _ROOT:
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec and spec.submodule_search_locations and isinstance(spec.loader, SourceFileLoader):
            spec.loader = _Reader(spec.loader)
        return spec


def read_exports(package: str, source: bytes) -> Exports | None:
    """Return which module, and which attribute of it, each name of a package stands for.

    Parameters
    ----------
    package
        The package's full name.
    source
        The text of its ``__init__``.

    Returns
    -------
    dict or None
        ``None`` if it does anything but import names from within, and list them in ``__all__``.
    """
    exports: Exports = {}
    for statement in ast.parse(source).body:
        if isinstance(statement, ast.ImportFrom) and statement.module == "__future__":
            continue
        if isinstance(statement, ast.ImportFrom):
            if statement.level != 1 or any(alias.name == "*" for alias in statement.names):
                return None
            exports |= _names(package, statement)
        elif not _is_inert(statement):
            return None
    # A name that its own module has, too, would be hidden by that module once somebody imports it.
    shadowed = any(attribute and origin.rpartition(".")[2] == name for name, (origin, attribute) in exports.items())
    return None if shadowed else exports


def _names(package: str, statement: ast.ImportFrom) -> Exports:
    if statement.module is None:
        return {alias.asname or alias.name: (f"{package}.{alias.name}", None) for alias in statement.names}
    origin = f"{package}.{statement.module}"
    return {alias.asname or alias.name: (origin, alias.name) for alias in statement.names}


def _is_inert(statement: ast.stmt) -> bool:
    """Whether a statement is a docstring or the list of public names."""
    if isinstance(statement, ast.Expr):
        return isinstance(statement.value, ast.Constant)
    if not isinstance(statement, ast.Assign):
        return False
    return all(isinstance(target, ast.Name) and target.id == "__all__" for target in statement.targets)


def install() -> None:
    """Read River's packages from now on, and put off what of SciPy is not needed yet. Installing twice is once."""
    if any(isinstance(finder, _Finder) for finder in sys.meta_path) or _ROOT in sys.modules:
        return
    sys.meta_path.insert(0, _Finder())
    for name in _ON_FIRST_USE:
        if name not in sys.modules:
            _put_off(name)


@contextmanager
def hidden(name: str) -> Iterator[None]:
    """Let a package that is installed seem not to be, for those that would load it at their own import.

    ``None`` among the modules is what Python takes for: there is none.
    """
    if name in sys.modules:
        yield
        return
    sys.modules[name] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        del sys.modules[name]


def _put_off(name: str) -> None:
    spec = find_spec(name)
    if spec is None or spec.loader is None:
        return
    loader = LazyLoader(spec.loader)
    spec.loader = loader
    module = module_from_spec(spec)
    sys.modules[name] = module
    loader.exec_module(module)
    parent, _, leaf = name.rpartition(".")
    setattr(sys.modules[parent], leaf, module)  # or the next `from scipy import special` would look, and so load it
