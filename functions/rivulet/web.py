"""HTTP: the only module that knows Flask.

A function has one way in for events (``POST /``, the way Knative delivers them) and routes for people. Whatever a
client sends, it gets a status and, where that is not 2xx, a sentence: ``{"error": "<sentence>"}``.
"""

from __future__ import annotations

import gc
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NoReturn, Protocol

import flask
from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, Rule

from rivulet import coldstart, events
from rivulet.answer import EXPRESS
from rivulet.errors import Invalid, NotAllowed, NotThere, Problem, WrongType
from rivulet.events import Event
from rivulet.express import Express
from rivulet.fields import parse_json
from rivulet.handled import Handled
from rivulet.logs import configure, log, remark
from rivulet.settings import Settings
from rivulet.store.telemetry import Telemetry


@dataclass(frozen=True)
class Call:
    """A request, as handlers see it.

    Attributes
    ----------
    headers
        By their names in lower case.
    path
        The variables of the route.
    query
        The query's parameters.
    """

    headers: Mapping[str, str]
    body: bytes
    path: Mapping[str, Any] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)

    def json(self) -> Any:
        """Return the parsed body.

        Raises
        ------
        WrongType
            If the content type is not JSON.
        Malformed
            If the body is not JSON.
        """
        content_type = self.headers.get("content-type", "")
        if not events.is_json(content_type):
            raise WrongType(f"header 'Content-Type' must be application/json, not {content_type or 'missing'!r}")
        return parse_json(self.body)

    def argument(self, name: str, default: str | None = None) -> str:
        """Return a query parameter; required unless there is a default."""
        value = self.query.get(name, default)
        if value is None:
            raise Invalid(f"query parameter {name!r} is missing")
        return value

    def count(self, name: str, least: int, most: int, default: int) -> int:
        """Return a query parameter that is a whole number."""
        text = self.query.get(name, str(default))
        if not text.isascii() or not text.isdigit() or len(text) > 15 or not least <= int(text) <= most:
            raise Invalid(f"query parameter {name!r} must be a whole number from {least} to {most}")
        return int(text)


@dataclass(frozen=True)
class Text:
    """An answer that is no JSON."""

    body: bytes
    content_type: str


@dataclass(frozen=True)
class Route:
    """One address of a function.

    Attributes
    ----------
    answer
        Returns what is sent as JSON; ``None`` is an empty 204, a pair is status and JSON.
    query
        The names of the query parameters that it takes.
    """

    method: str
    rule: str
    answer: Callable[[Call], Any]
    query: tuple[str, ...] = ()


class Handler(Protocol):
    """A function's work."""

    @property
    def routes(self) -> Sequence[Route]:
        """The addresses for people."""

    def receive(self, event: Event) -> Event | None:
        """Answer an event with the next event, or with none."""


def function(settings: Settings, handler: Handler, telemetry: Telemetry) -> Callable[[flask.Request], flask.Response]:
    """Put a handler's routes into functions-framework's application, and return the function that it calls.

    To be called while the framework imports a function's source.
    """
    configure(settings.service, settings.log_level, settings.revision)
    blueprint = flask.Blueprint("rivulet", __name__)
    rules = []
    for index, route in enumerate(handler.routes):
        view = _view(route, telemetry)
        blueprint.add_url_rule(route.rule, f"route_{index}", view, methods=[route.method])
        rules.append(Rule(route.rule, methods=[route.method], endpoint=route.rule))
    application = flask.current_app
    application.register_blueprint(blueprint)
    addresses = Map(rules)
    handled = Handled(settings, telemetry)
    application.extensions[EXPRESS] = Express(handler, handled, telemetry.wake)
    coldstart.start.imported()
    gc.freeze()  # what was imported stays: later collections look only at states, and a replaced one goes soon

    def handle(request: flask.Request) -> flask.Response:
        if request.path != "/" or request.method != "POST":
            return _guarded(request, lambda: _astray(request, addresses))
        return _guarded(request, lambda: _deliver(request, handler, handled), told=True)

    return handle


def _view(route: Route, telemetry: Telemetry) -> Callable[..., flask.Response]:
    def view(**path: Any) -> flask.Response:
        request = flask.request
        started = time.perf_counter()
        answer = _guarded(request, lambda: _respond(route.answer(_call(request, route, path))))
        if route.rule != "/health":
            coldstart.start.answered(time.perf_counter() - started)
        telemetry.wake()
        return answer

    return view


def _call(request: flask.Request, route: Route, path: Mapping[str, Any]) -> Call:
    for name, values in request.args.lists():
        if name not in route.query:
            known = f"known are {', '.join(route.query)}" if route.query else "there are none"
            raise Invalid(f"query parameter {name[:40]!a} is not known; {known}")
        if len(values) > 1:
            raise Invalid(f"query parameter {name!r} is there {len(values)} times")
    return Call(_headers(request), request.get_data(), path, request.args)


def _headers(request: flask.Request) -> dict[str, str]:
    return {name.lower(): value for name, value in request.headers.items()}


def _astray(request: flask.Request, addresses: Map) -> NoReturn:
    """Answer what the framework's catch-all got, and is no event."""
    adapter = addresses.bind("")
    allowed = ["POST"] if request.path == "/" else sorted(adapter.allowed_methods(request.path))
    if allowed:
        raise NotAllowed(f"{request.path} does not take {request.method}; it takes {', '.join(allowed)}")
    known = ", ".join(sorted({rule.rule for rule in addresses.iter_rules()}))
    raise NotThere(f"there is nothing at {request.path[:100]!a}; there is {known}, and POST / for events")


def _deliver(request: flask.Request, handler: Handler, handled: Handled) -> flask.Response:
    """Answer an event."""

    def work(event: Event) -> Event | None:
        if event.type == events.TICK and not getattr(handler, "ticks", False):
            remark(outcome="woken")  # so as to be ready when its turn comes
            return None
        return handler.receive(event)

    answer = handled(lambda: events.parse(_headers(request), request.get_data()), work)
    if answer is None:
        return flask.Response(status=204)
    headers, body = events.to_http(answer)
    return flask.Response(body, headers=headers)


def _respond(answer: Any) -> flask.Response:
    if answer is None:
        return flask.Response(status=204)
    if isinstance(answer, Text):
        return flask.Response(answer.body, content_type=answer.content_type)
    status, value = answer if isinstance(answer, tuple) else (200, answer)
    return flask.Response(json.dumps(value, allow_nan=False), status, content_type="application/json")


def _guarded(request: flask.Request, work: Callable[[], flask.Response], told: bool = False) -> flask.Response:
    try:
        return work()
    except Problem as problem:
        if not told:
            level = log.warning if problem.status >= 500 else log.info
            level("%s %s: %d %s", request.method, request.path, problem.status, problem.sentence)
        return _problem(problem)
    except HTTPException as error:
        return _problem(Problem(error.description or error.name, status=error.code))
    except Exception:  # noqa: BLE001 - a client gets an answer, the log the traceback
        log.exception("%s %s failed", request.method, request.path)
        return _problem(Problem("something broke inside; the function's log has the traceback", status=500))


def _problem(problem: Problem) -> flask.Response:
    response = flask.Response(json.dumps({"error": problem.sentence}), problem.status, content_type="application/json")
    if problem.retry_after is not None:
        response.headers["Retry-After"] = str(problem.retry_after)
    return response
