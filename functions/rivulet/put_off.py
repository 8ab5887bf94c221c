"""Import of NumPy and SciPy when they are first used, though River's modules import them before.

River imports them for mini-batches, for losses and distributions that a model may never compute: of the models here
most learn one observation at a time without either, and the import is a fifth of such a model's start. In their place
stand modules that become the real ones at the first look at what they have, whoever takes it, and when a module within
them is imported.
"""

from __future__ import annotations

import importlib
import sys
import threading
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Any

_NAMES = ("numpy", "numpy.typing", "scipy", "scipy.special")  # a package before what is within it
_replacing = threading.Lock()


class _Array(type):
    """The type of `_ndarray`: nothing is an array while there is no NumPy, so that asking does not import it."""

    def __instancecheck__(cls, instance: Any) -> bool:
        return not isinstance(sys.modules.get("numpy"), _Later) and isinstance(instance, _real("numpy").ndarray)

    def __subclasscheck__(cls, subclass: type) -> bool:
        return not isinstance(sys.modules.get("numpy"), _Later) and issubclass(subclass, _real("numpy").ndarray)

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        return _real("numpy").ndarray(*args, **kwargs)


class _ndarray(metaclass=_Array):  # noqa: N801 - as NumPy calls it
    """What River's losses and the types of its signatures ask for, with each lesson and at their import."""


class _Later(ModuleType):
    """Stands for a module until somebody asks for what it has."""

    def __getattr__(self, name: str) -> Any:
        return getattr(_real(self.__name__), name)


class _Finder(MetaPathFinder):
    """Has the real package imported before any other module within it."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        packages = [name for name in _NAMES if fullname.startswith(f"{name}.")]
        if not any(isinstance(sys.modules.get(name), _Later) for name in packages):
            return None
        for name in packages:
            _real(name)
        module = sys.modules.get(fullname)
        if module is None:
            return None
        # Its package has imported it: the import under way asks the module itself how, and would do it again.
        module.__spec__ = ModuleSpec(fullname, _There(module))
        return module.__spec__


class _There(Loader):
    """Loads what was imported meanwhile."""

    def __init__(self, module: ModuleType) -> None:
        self._module, self._spec = module, module.__spec__

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return self._module

    def exec_module(self, module: ModuleType) -> None:
        module.__spec__ = self._spec


def _real(name: str) -> ModuleType:
    """Return the real module; the import's own lock has other threads wait for it, and not for this one."""
    with _replacing:
        there = sys.modules.get(name)
        for each in _NAMES:  # within a real package nothing stands for anything
            if f"{each}.".startswith(f"{name}.") and isinstance(sys.modules.get(each), _Later):
                del sys.modules[each]
    real = importlib.import_module(name)
    if isinstance(there, _Later):
        vars(there).update(vars(real))  # who imported it before is as fast from now on
    return real


def install() -> None:
    """Put off what is not imported yet. Installing twice is once."""
    if any(isinstance(finder, _Finder) for finder in sys.meta_path) or any(name in sys.modules for name in _NAMES):
        return
    sys.meta_path.insert(0, _Finder())
    for name in _NAMES:
        parent, _, leaf = name.rpartition(".")
        within = sys.modules[parent].__path__ if parent else None
        spec = PathFinder.find_spec(name, within)
        if spec is None:
            continue
        later = _Later(name)
        later.__spec__, later.__file__ = spec, spec.origin
        later.__path__ = list(spec.submodule_search_locations or ())
        sys.modules[name] = later
        if parent:
            setattr(sys.modules[parent], leaf, later)
    sys.modules["numpy"].ndarray = _ndarray  # type: ignore[attr-defined]
