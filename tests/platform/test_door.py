"""The Broker's port as programs speak to it: events at once and in pieces, alone and together, usual and not."""

from __future__ import annotations

import json
import socket
import time
import uuid
from collections.abc import Iterator
from functools import partial
from http.client import HTTPResponse

import pytest

from tests.patience import eventually
from tests.platform.running import Site
from tests.platform.test_survival import redis_of

PATH = "/ml-services/default"


def event(name: str, *headers: str, data: bytes = b"{}", kind: str = "t.plain", path: str = PATH) -> bytes:
    attributes = {"id": name, "source": "/door", "type": kind, "specversion": "1.0"}
    fields = [f"ce-{key}: {value}" for key, value in attributes.items()]
    lines = [f"POST {path} HTTP/1.1", "Host: broker", *fields, *headers, f"Content-Length: {len(data)}", "", ""]
    return "\r\n".join(lines).encode() + data


def named() -> str:
    return str(uuid.uuid4())


class Client:
    """One connection."""

    def __init__(self, site: Site) -> None:
        port = int(site.broker.removesuffix(PATH).rpartition(":")[2])
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=10)

    def status(self) -> int:
        """Read one answer, and return its status."""
        self.answer = HTTPResponse(self.socket)
        self.answer.begin()
        self.body = self.answer.read()
        return self.answer.status

    def ask(self, request: bytes) -> int:
        self.socket.sendall(request)
        return self.status()


@pytest.fixture
def client(site: Site) -> Iterator[Client]:
    made = Client(site)
    yield made
    made.socket.close()


def test_events_that_come_whole_are_taken_one_after_the_other(site: Site, client: Client) -> None:
    names = [named() for _ in range(3)]
    assert [client.ask(event(name, "Content-Type: application/json")) for name in names] == [202] * 3
    assert client.body == b""
    for name in names:
        (call,) = eventually(partial(site.calls, "alpha", name))
        assert (call["body"], call["event"]["ce-source"]) == ("{}", "/door")


@pytest.mark.parametrize("size", [1, 40, 150])
def test_an_event_may_come_in_pieces(site: Site, client: Client, size: int) -> None:
    name = named()
    request = event(name)
    for start in range(0, len(request), size):
        client.socket.sendall(request[start : start + size])
        time.sleep(0.001)
    assert client.status() == 202
    assert eventually(lambda: site.calls("alpha", name))
    assert client.ask(event(named())) == 202


def test_events_that_come_together_are_all_taken(site: Site, client: Client) -> None:
    names = [named() for _ in range(20)]
    client.socket.sendall(b"".join(map(event, names)))
    assert [_status(client) for _ in names] == [202] * 20
    assert eventually(lambda: all(site.calls("alpha", name) for name in names))


def test_what_comes_while_an_event_is_being_taken_waits_its_turn(site: Site, client: Client) -> None:
    names = [named() for _ in range(50)]
    for name in names:
        client.socket.sendall(event(name))
    assert [_status(client) for _ in names] == [202] * 50
    assert eventually(lambda: all(site.calls("alpha", name) for name in names))


def _status(client: Client) -> int:
    """Read an answer without a body, byte by byte: what follows is the next one's."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        head += client.socket.recv(1)
    return int(head.split()[1])


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (event("x", path="/elsewhere"), 404),
        (event("x").replace(b"POST", b"GET"), 405),
        (event(""), 400),
        (event("x", "ce-knativebrokerttl: 1"), 400),
        (event("x", data=b"x" * 1_100_000), 413),
        (event("x").replace(b"ce-specversion: 1.0\r\n", b""), 400),
        (b"GET /health HTTP/1.1\r\nHost: broker\r\n\r\n", 200),
    ],
    ids=["path", "method", "no id", "loop", "too large", "no event", "health"],
)
def test_all_else_is_answered_on_the_same_connection(client: Client, request_: bytes, status: int) -> None:
    assert client.ask(event(named())) == 202
    assert client.ask(request_) == status
    assert status == 200 or list(json.loads(client.body)) == ["error"]
    if status != 413:
        assert client.ask(event(named())) == 202


def test_a_connection_is_closed_when_the_client_wants_that(client: Client) -> None:
    assert client.ask(event(named(), "Connection: close")) == 202
    assert client.socket.recv(1) == b""


def test_who_wants_to_be_told_to_go_on_is_told(client: Client) -> None:
    request = event(named(), "Expect: 100-continue", data=b'{"a": 1}')
    client.socket.sendall(request[:-8])
    assert client.socket.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
    assert client.ask(request[-8:]) == 202


def test_what_the_queue_does_not_take_is_refused_in_time(own_site: Site) -> None:
    client, lost = Client(own_site), named()
    assert client.ask(event(named())) == 202
    _, process = redis_of(own_site)
    process.suspend()
    try:
        began = time.monotonic()
        assert client.ask(event(lost)) == 503
        assert time.monotonic() - began < 2
        assert client.answer.headers["Retry-After"] == "1"
        assert list(json.loads(client.body)) == ["error"]
    finally:
        process.resume()
    again = named()
    eventually(lambda: client.ask(event(again)) == 202)
    assert eventually(lambda: own_site.calls("alpha", again))


def test_an_open_connection_does_not_hold_up_the_end(own_site: Site) -> None:
    client = Client(own_site)
    assert client.ask(event(named())) == 202
    began = time.monotonic()
    assert own_site.stop() == 0
    assert time.monotonic() - began < 5
    assert client.socket.recv(1) == b""
