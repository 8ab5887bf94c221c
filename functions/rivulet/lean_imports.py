"""Import of packages piece by piece: a cold start pays for what it uses of them.

`import river.linear_model` runs an ``__init__`` that imports every linear model there is, and through them half of
River and of SciPy: most of a second, of which one model needs a tenth. `import redis` brings an asyncio half, clusters
and sentinels, `import uvicorn` a command line. Such an ``__init__`` consists of imports, and of little else. Here they
are not run but read, and each name is imported when it is first asked for (PEP 562); the rest is run. A package where
the two cannot be told apart is imported as ever, so that what a name means does not change.
"""

from __future__ import annotations

import ast
import importlib
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from types import ModuleType
from typing import Any

from rivulet import put_off

_RIVER = "river"

Exports = dict[str, tuple[str, str | None]]


class _Package(ModuleType):
    """A package that has ``from .main import main`` or the like.

    An import leaves the module behind in its package, under a name that the real ``__init__`` then gives to what is in
    the module. Here it is given to that at once.
    """

    def __setattr__(self, name: str, value: Any) -> None:
        if isinstance(value, ModuleType) and name in self.__dict__["__shadowing__"]:
            value = getattr(value, name)
        super().__setattr__(name, value)


class _Reader(Loader):
    """Loads a package by reading its ``__init__``: what it imports from within is put off, the rest is run."""

    def __init__(self, real: SourceFileLoader) -> None:
        self._real = real

    def create_module(self, spec: ModuleSpec) -> None:
        return None

    def exec_module(self, module: ModuleType) -> None:
        read = read_package(module.__name__, self._real.get_data(self._real.path))
        if read is None:
            self._real.exec_module(module)
            return
        exports, rest = read
        if rest.body:
            exec(compile(rest, self._real.path, "exec", dont_inherit=True), module.__dict__)
        else:
            module.__dict__["__all__"] = sorted(exports)
        names = sorted(exports.keys() | module.__dict__.keys())
        module.__dict__.update(__getattr__=_resolver(module, exports), __dir__=lambda: names)
        shadowing = {name for name, place in exports.items() if place == (f"{module.__name__}.{name}", name)}
        if shadowing:
            module.__dict__["__shadowing__"] = shadowing
            module.__class__ = _Package


def _resolver(module: ModuleType, exports: Exports) -> Callable[[str], Any]:
    otherwise: Callable[[str], Any] | None = module.__dict__.get("__getattr__")

    def resolve(name: str) -> Any:
        found: Any
        if name in exports:
            origin, attribute = exports[name]
            found = importlib.import_module(origin)
            found = found if attribute is None else getattr(found, attribute)
            setattr(module, name, found)
            return found
        found = None if name.startswith("__") else _submodule(f"{module.__name__}.{name}")
        if found is not None:
            return found
        if otherwise:
            return otherwise(name)
        raise AttributeError(f"module {module.__name__!r} has no attribute {name!r}")

    return resolve


def _submodule(name: str) -> ModuleType | None:
    """Return a module that the real ``__init__`` would have left behind as an attribute, by importing what needs it."""
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name != name:
            raise
        return None


class _Finder(MetaPathFinder):
    def __init__(self, root: str) -> None:
        self.root = root

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname.partition(".")[0] != self.root:
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec and spec.submodule_search_locations and isinstance(spec.loader, SourceFileLoader):
            spec.loader = _Reader(spec.loader)
        return spec


def read_package(package: str, source: bytes) -> tuple[Exports, ast.Module] | None:
    """Return what a package imports from within, and what else its ``__init__`` does.

    Parameters
    ----------
    package
        The package's full name.
    source
        The text of its ``__init__``.

    Returns
    -------
    tuple or None
        Module, and attribute of it, that each name stands for; and the rest, which knows none of these names. ``None``
        if the two cannot be told apart.
    """
    exports: Exports = {}
    tree = ast.parse(source)
    rest: list[ast.stmt] = []
    for statement in tree.body:
        origin = _within(package, statement) if isinstance(statement, ast.ImportFrom) else None
        if isinstance(statement, ast.ImportFrom) and origin:
            if any(alias.name == "*" for alias in statement.names):
                return None
            exports |= _names(package, origin, statement.names)
        else:
            rest.append(statement)
    # A module within that another name of it hides: nobody could say from when on.
    hiding = any(
        origin == f"{package}.{name}" and attribute not in (name, None) for name, (origin, attribute) in exports.items()
    )
    if hiding or any(name in exports for statement in rest for name in _known_to(statement)):
        return None
    tree.body = [] if all(_is_inert(statement) for statement in rest) else rest
    return exports, tree


def _known_to(statement: ast.stmt) -> Iterator[str]:
    """Yield the names that a statement binds or uses, wherever within it."""
    for node in ast.walk(statement):
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.alias):
            yield node.asname or node.name.partition(".")[0]


def _within(package: str, statement: ast.ImportFrom) -> str | None:
    """Return the module that a statement imports from, if that is the package or within it."""
    if statement.level == 1:
        return f"{package}.{statement.module}" if statement.module else package
    module = statement.module or ""
    return module if not statement.level and f"{module}.".startswith(f"{package}.") else None


def _names(package: str, origin: str, aliases: list[ast.alias]) -> Exports:
    if origin == package:
        return {alias.asname or alias.name: (f"{package}.{alias.name}", None) for alias in aliases}
    return {alias.asname or alias.name: (origin, alias.name) for alias in aliases}


def _is_inert(statement: ast.stmt) -> bool:
    """Whether a statement is a docstring, the list of public names, or for the compiler alone."""
    if isinstance(statement, ast.Expr):
        return isinstance(statement.value, ast.Constant)
    if isinstance(statement, ast.ImportFrom):
        return statement.module == "__future__"
    if not isinstance(statement, ast.Assign):
        return False
    return all(isinstance(target, ast.Name) and target.id == "__all__" for target in statement.targets)


def install() -> None:
    """Read River's packages from now on, and put off NumPy and SciPy until they are used. Installing twice is once."""
    if read(_RIVER):
        put_off.install()


def read(root: str) -> bool:
    """Read a package and those within it from now on; return whether that is new, and it was not imported before."""
    if any(isinstance(finder, _Finder) and finder.root == root for finder in sys.meta_path) or root in sys.modules:
        return False
    sys.meta_path.insert(0, _Finder(root))
    return True


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
