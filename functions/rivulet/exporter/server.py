"""The exporter's HTTP: ``/metrics``, and ``/health``, which reads nothing."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterable
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from prometheus_client import CollectorRegistry, PlatformCollector, ProcessCollector, make_wsgi_app

from rivulet.exporter.collector import RivuletCollector
from rivulet.logs import configure, log
from rivulet.settings import Settings
from rivulet.store import Store

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Quiet(WSGIRequestHandler):
    timeout = 30  # a caller that says nothing does not keep a thread

    def log_message(self, format: str, *args: Any) -> None:
        """Leave out the line for each request."""


def application(settings: Settings, store: Store) -> Application:
    """Return the exporter as a WSGI application."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(RivuletCollector(settings, store))
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    metrics: Application = make_wsgi_app(registry)

    def respond(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if environ["PATH_INFO"] == "/metrics":
            return metrics(environ, start_response)
        healthy = environ["PATH_INFO"] == "/health"
        status = "200 OK" if healthy else "404 Not Found"
        body = b'{"status": "healthy"}' if healthy else b'{"error": "there is /metrics and /health"}'
        start_response(status, [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
        return [body]

    return respond


def serve(settings: Settings, store: Store, host: str = "") -> None:
    """Answer scrapes until SIGTERM."""
    configure(settings.service, settings.log_level, settings.revision)
    server = make_server(host, settings.exporter_port, application(settings, store), _Server, _Quiet)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    threading.Thread(target=server.serve_forever, daemon=True).start()
    log.info("serves metrics on port %d", settings.exporter_port)
    stop.wait()
    server.shutdown()
