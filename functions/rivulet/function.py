"""A function: what its source declares by `serve`, once a process."""

from __future__ import annotations

import atexit
import gc
from collections.abc import Callable
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any

from rivulet import coldstart
from rivulet.express import Express
from rivulet.handled import Handled
from rivulet.logs import configure
from rivulet.ordinary import Ordinary
from rivulet.routes import Handler
from rivulet.settings import Settings
from rivulet.store import Store
from rivulet.store.telemetry import Telemetry

if TYPE_CHECKING:
    from rivulet.web import Web

Make = Callable[[Settings, Store], Handler]
Target = Callable[[Any], Any]  # Flask's request and response, in whose names Flask would be loaded


@cache
def settings() -> Settings:
    """Return the process's settings, which are read once."""
    return Settings.from_environment()


class Function:
    """A handler, and the ways to it.

    Attributes
    ----------
    express
        The way of what is usual.
    ordinary
        The way of all else.
    """

    def __init__(self, make: Make) -> None:
        own = settings()
        configure(own.service, own.log_level, own.revision)
        store = Store(own.redis_url)
        telemetry = Telemetry(store, own.service)
        handler = make(own, store)
        if close := getattr(handler, "close", None):
            atexit.register(close)
        handled = Handled(own, telemetry)
        self.routes = handler.routes
        self.express = Express(handler, handled, telemetry.wake)
        self.ordinary = Ordinary(handler, handled, telemetry.wake)
        coldstart.start.imported()
        gc.freeze()  # what was imported stays: later collections look only at states, and a replaced one goes soon

    @cached_property
    def web(self) -> Web:
        """What answers a request as the framework has it."""
        from rivulet.web import Web  # here, as it brings Flask, which most processes never need

        return Web(self.routes, self.ordinary)


_functions: list[Function] = []


def serve(make: Make) -> Target:
    """Return the target that functions-framework calls, for a handler that is made when the source is first executed.

    The framework executes the source once more when it is loaded later than the function: it gets the same function.

    Parameters
    ----------
    make
        Makes the handler.
    """
    if not _functions:
        _functions.append(Function(make))
    function = _functions[0]

    def handle(request: Any) -> Any:
        return function.web(request)

    return handle


def served() -> Function | None:
    """Return the process's function; ``None`` if no source has declared one."""
    return _functions[0] if _functions else None
