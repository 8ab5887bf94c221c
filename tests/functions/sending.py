"""Events as the Broker delivers them, and a small HTTP server that stands where an outside one would."""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import requests

from tests.function_processes import FunctionProcess, free_port

TICK = "dev.rivulet.tick.v1"
OBSERVATION = "dev.rivulet.observation.v1"
FEATURES = "dev.rivulet.features.v1"
PREDICTION = "dev.rivulet.prediction.v1"


def new_series(name: str = "s") -> str:
    """Return the id of a series that no other test has."""
    return f"{name}-{uuid.uuid4().hex[:10]}"


def binary(type: str, **attributes: str) -> dict[str, str]:
    """Return the headers of an event in binary mode."""
    known = {"specversion": "1.0", "id": uuid.uuid4().hex, "source": "/tests", "type": type, **attributes}
    return {"Content-Type": "application/json", **{f"ce-{name}": value for name, value in known.items()}}


def deliver(to: FunctionProcess, type: str, data: object, **attributes: str) -> requests.Response:
    """Deliver an event in binary mode."""
    return to.call("POST", "/", data=json.dumps(data), headers=binary(type, **attributes))


def deliver_structured(to: FunctionProcess, type: str, data: object, **attributes: str) -> requests.Response:
    """Deliver an event in structured mode."""
    event = {"specversion": "1.0", "id": uuid.uuid4().hex, "source": "/tests", "type": type, "data": data, **attributes}
    headers = {"Content-Type": "application/cloudevents+json"}
    return to.call("POST", "/", data=json.dumps(event), headers=headers)


@dataclass
class StandIn:
    """A real HTTP server whose answers a test sets by path.

    Attributes
    ----------
    answers
        Status, body and headers for each path; the path ``*`` is any.
    heard
        Method, path, headers and body of each request.
    """

    answers: dict[str, tuple[int, bytes, Mapping[str, str]]] = field(default_factory=dict)
    heard: list[tuple[str, str, dict[str, str], bytes]] = field(default_factory=list)
    port: int = field(default_factory=free_port)

    @property
    def url(self) -> str:
        """The server's address."""
        return f"http://127.0.0.1:{self.port}"

    def say(self, path: str, status: int, body: object, **headers: str) -> None:
        """Set the JSON answer for a path; an underscore in a header's name is a hyphen."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.answers[path] = (status, json.dumps(body).encode(), named)

    @contextmanager
    def serving(self) -> Iterator[StandIn]:
        """Serve while the block runs."""
        server = ThreadingHTTPServer(("127.0.0.1", self.port), _handler(self))
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            server.shutdown()
            server.server_close()
            thread.join()


def _handler(stand_in: StandIn) -> Callable[..., BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            headers = {name.lower(): value for name, value in self.headers.items()}
            stand_in.heard.append((self.command, self.path, headers, self.rfile.read(length)))
            unknown = (404, b"{}", dict[str, str]())
            status, body, more = stand_in.answers.get(self.path) or stand_in.answers.get("*", unknown)
            self.send_response(status)
            for name, value in {"Content-Type": "application/json", "Content-Length": str(len(body)), **more}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        do_GET = answer  # noqa: N815 - the names that http.server looks for
        do_POST = answer  # noqa: N815

        def log_message(self, format: str, *args: Any) -> None:
            """Write nothing: what was asked is in `heard`."""

    return Handler
