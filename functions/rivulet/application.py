"""The WSGI application of a function, which serves before the framework is loaded.

functions-framework brings Flask, a quarter of a start. Most starts are for events and probes, which need neither: what
is asked by method and address alone is answered here. The framework is loaded, once, when the first request comes that
is more: one with a variable in its path, with a query, or to where there is nothing.
"""

from __future__ import annotations

import runpy
import threading
from collections.abc import Callable, Iterable
from http import HTTPStatus
from pathlib import Path
from typing import Any

from rivulet.answer import Answer
from rivulet.function import Function, served, settings
from rivulet.routes import Call
from rivulet.settings import SettingError

Environ = dict[str, Any]
Start = Callable[[str, list[tuple[str, str]]], Any]
Wsgi = Callable[[Environ, Start], Iterable[bytes]]


class Application:
    """A function's application.

    Attributes
    ----------
    express
        What `rivulet.serving.front.Front` looks for.
    """

    def __init__(self, function: Function) -> None:
        self.express = function.express
        self._ordinary = function.ordinary
        self._routes = {(route.method, route.rule): route for route in function.routes if "<" not in route.rule}
        self._framework: Wsgi | None = None
        self._loading = threading.Lock()

    def __call__(self, environ: Environ, start: Start) -> Iterable[bytes]:
        """Answer one request."""
        answer = self._answer(environ)
        if answer is None:
            return self._loaded()(environ, start)
        headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in answer.headers]
        start(f"{answer.status} {HTTPStatus(answer.status).phrase}", headers)
        return [answer.body]

    def _answer(self, environ: Environ) -> Answer | None:
        """Return the answer; ``None`` if it takes the framework to find it."""
        asked = method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
        if environ["QUERY_STRING"]:
            return None
        if asked == ("POST", "/"):
            return self._ordinary.deliver(_headers(environ), _body(environ))
        route = self._routes.get((method, path))
        return self._ordinary.answer(route, path, lambda: Call(_headers(environ), _body(environ))) if route else None

    def _loaded(self) -> Wsgi:
        with self._loading:
            if self._framework is None:
                import functions_framework

                create: Any = functions_framework.create_app  # it has no types
                self._framework = create()
            return self._framework


def create_app() -> Application:
    """Execute the function's source, and return what serves the function.

    Raises
    ------
    SettingError
        If ``FUNCTION_SOURCE`` names no source of a function.
    """
    source = settings().source
    if not Path(source).is_file():
        raise SettingError(f"FUNCTION_SOURCE is {source!r}, which is no file")
    runpy.run_path(source)
    function = served()
    if function is None:
        raise SettingError(f"FUNCTION_SOURCE is {source!r}, which does not call rivulet.function.serve")
    return Application(function)


def _headers(environ: Environ) -> dict[str, str]:
    """Return the request's headers by their names in lower case."""
    headers = {name[5:].replace("_", "-").lower(): text for name, text in environ.items() if name.startswith("HTTP_")}
    for name in ("CONTENT_TYPE", "CONTENT_LENGTH"):
        if environ.get(name):
            headers[name.replace("_", "-").lower()] = environ[name]
    return headers


def _body(environ: Environ) -> bytes:
    body: bytes = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    return body
