"""A client on a raw socket: what it sends, and in which pieces, is for a test to say."""

from __future__ import annotations

import http.client
import json
import socket
from typing import Any, NamedTuple

from tests.function_processes import FunctionProcess

LAGS = {"in_1": 112.0, "in_2": 118.0}


class Answer(NamedTuple):
    """What came back."""

    status: int
    headers: http.client.HTTPMessage
    body: Any


class Client:
    """One connection, on which nothing is read or sent but what a test says."""

    def __init__(self, to: FunctionProcess) -> None:
        self.socket = socket.create_connection(("127.0.0.1", to.port), timeout=10)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._answers = self.socket.makefile("rb")

    def answer(self) -> Answer:
        """Read one answer."""
        line = self._answers.readline()
        assert line.startswith(b"HTTP/1.1 "), line
        headers = http.client.parse_headers(self._answers)
        body = self._answers.read(int(headers.get("content-length", "0")))
        return Answer(int(line.split()[1]), headers, json.loads(body) if body else None)

    def ask(self, request: bytes) -> Answer:
        """Send a request, and read its answer."""
        self.socket.sendall(request)
        return self.answer()

    def status(self) -> int:
        """Read the beginning of an answer that has no JSON."""
        return int(self._answers.readline().split()[1])

    def ended(self) -> bool:
        """Whether the function closed the connection, once it has said all."""
        return self._answers.read() == b""


def post(body: bytes, *headers: str, path: str = "/predict_learn", version: str = "1.1") -> bytes:
    """Return a request."""
    lines = [f"POST {path} HTTP/{version}", "Host: m", "Content-Type: application/json", *headers]
    return "\r\n".join([*lines, f"Content-Length: {len(body)}", "", ""]).encode() + body


def lesson(series: str, target: float = 132.0, **more: Any) -> bytes:
    """Return a lesson's body, as long for each target from 100 to 999.9."""
    return json.dumps({"series_id": series, "features": LAGS, "target": target, **more}).encode()
