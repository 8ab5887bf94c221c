"""The framework's side of a function: the only module that knows Flask."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import flask
from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, Rule

from rivulet.answer import Answer
from rivulet.errors import Invalid, NotAllowed, NotThere, Problem
from rivulet.ordinary import Ordinary, guarded
from rivulet.routes import Call, Route


class Web:
    """Answers any request that functions-framework passes on.

    Parameters
    ----------
    routes
        The addresses for people.
    """

    def __init__(self, routes: Sequence[Route], ordinary: Ordinary) -> None:
        self._ordinary = ordinary
        rules = [Rule(route.rule, methods=[route.method], endpoint=route) for route in routes]
        self._addresses = Map(rules, merge_slashes=False)  # else it answers two slashes with a redirection

    def __call__(self, request: flask.Request) -> flask.Response:
        """Answer one request."""
        if (request.method, request.path) == ("POST", "/"):
            return _response(self._ordinary.deliver(_headers(request), request.get_data()))
        return _response(guarded(f"{request.method} {request.path}", lambda: self._route(request)))

    def _route(self, request: flask.Request) -> Answer:
        adapter = self._addresses.bind("")
        allowed = ["POST"] if request.path == "/" else sorted(adapter.allowed_methods(request.path))
        if request.method == "OPTIONS" and allowed:
            return Answer(204, headers=[(b"allow", ", ".join([*allowed, "OPTIONS"]).encode())])
        if request.method not in allowed:
            raise self._astray(request, allowed)
        route, path = adapter.match(request.path, request.method)
        return self._ordinary.answer(route, request.path, lambda: _call(request, route, path))

    def _astray(self, request: flask.Request, allowed: list[str]) -> Problem:
        if allowed:
            return NotAllowed(f"{request.path} does not take {request.method}; it takes {', '.join(allowed)}")
        known = ", ".join(sorted({rule.rule for rule in self._addresses.iter_rules()}))
        return NotThere(f"there is nothing at {request.path[:100]!a}; there is {known}, and POST / for events")


def _call(request: flask.Request, route: Route, path: Mapping[str, Any]) -> Call:
    for name, values in request.args.lists():
        if name not in route.query:
            known = f"known are {', '.join(route.query)}" if route.query else "there are none"
            raise Invalid(f"query parameter {name[:40]!a} is not known; {known}")
        if len(values) > 1:
            raise Invalid(f"query parameter {name!r} is there {len(values)} times")
    try:
        return Call(_headers(request), request.get_data(), path, request.args)
    except HTTPException as error:
        raise Problem(error.description or error.name, status=error.code) from None


def _headers(request: flask.Request) -> dict[str, str]:
    return {name.lower(): value for name, value in request.headers.items()}


def _response(answer: Answer) -> flask.Response:
    headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in answer.headers]
    return flask.Response(answer.body, answer.status, headers)
