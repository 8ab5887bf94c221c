"""The benchmark's client, against a server that counts."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.bench.load import Connection, Refused, drive, exchange, post


class _Server(ThreadingHTTPServer):
    """Answers what it is sent; what it is sent at /refuse, with 409."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.heard: list[bytes] = []


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.heard.append(body)
        self.send_response(409 if self.path == "/refuse" else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Write nothing."""


@pytest.fixture
def server() -> Iterator[_Server]:
    with _Server() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_exchange_sends_each_connection_its_own_in_order(server: _Server) -> None:
    turns = {Connection(server.server_port): [b"%d-%d" % (who, k) for k in range(5 * who)] for who in range(3)}
    requests = {each: (post("/", body) for body in bodies) for each, bodies in turns.items()}
    latencies = exchange(requests)
    for each, bodies in turns.items():
        assert len(latencies[each]) == len(bodies)
        assert [body for body in server.heard if body in bodies] == bodies
        each.close()
    assert len(server.heard) == 15


def test_exchange_shares_an_iterator_out(server: _Server) -> None:
    opened = [Connection(server.server_port) for _ in range(3)]
    bodies = [b"%d" % k for k in range(30)]
    latencies = exchange(dict.fromkeys(opened, (post("/", body) for body in bodies)))
    assert sorted(server.heard) == sorted(bodies)
    assert sum(map(len, latencies.values())) == 30
    for each in opened:
        each.close()


def test_exchange_stops_at_a_refusal(server: _Server) -> None:
    connection = Connection(server.server_port)
    with pytest.raises(Refused, match="409"):
        exchange({connection: iter([post("/", b"1"), post("/refuse", b"2"), post("/", b"3")])})
    assert server.heard == [b"1", b"2"]
    connection.close()


def test_drive_counts_what_was_answered(server: _Server) -> None:
    found = drive(server.server_port, [post("/", b"1"), post("/", b"2")], 2, 0.2)
    assert len(found.latencies) == len(server.heard) > 2
    assert set(server.heard) == {b"1", b"2"}
    assert found.rate == pytest.approx(len(found.latencies) / 0.2, rel=0.5)
