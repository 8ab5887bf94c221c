"""A lean HTTP client on raw sockets, so that what is measured is the server."""

from __future__ import annotations

import itertools
import re
import selectors
import socket
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_CHUNK = 65536


def post(path: str, content: bytes) -> bytes:
    """Return a whole request."""
    head = f"POST {path} HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\nContent-Length: {len(content)}"
    return head.encode() + b"\r\n\r\n" + content


def get(path: str) -> bytes:
    """Return a whole request."""
    return f"GET {path} HTTP/1.1\r\nHost: bench\r\n\r\n".encode()


class Refused(Exception):
    """The server answered something other than 200."""


class Connection:
    """A connection that is kept alive.

    Parameters
    ----------
    patience
        Seconds that an answer may take.
    """

    def __init__(self, port: int, patience: float = 120.0) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=patience)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def ask(self, request: bytes) -> bytes:
        """Send a request and return the body of its answer."""
        self.send(request)
        return self.answer()

    def send(self, request: bytes) -> None:
        """Send a request; its answer has to be read before the next."""
        self.socket.sendall(request)

    def answer(self) -> bytes:
        """Read one answer.

        Raises
        ------
        Refused
            If its status is not 200.
        """
        data = b""
        while (end := data.find(b"\r\n\r\n")) < 0:
            data += self._more()
        length = _LENGTH.search(data, 0, end + 2)
        whole = end + 4 + (int(length[1]) if length else 0)
        while len(data) < whole:
            data += self._more()
        if not data.startswith(b"HTTP/1.1 200"):
            raise Refused(data.decode(errors="replace")[:500])
        return data[end + 4 :]

    def close(self) -> None:
        """Close the connection."""
        self.socket.close()

    def _more(self) -> bytes:
        part = self.socket.recv(_CHUNK)
        if not part:
            raise ConnectionResetError("the server closed the connection")
        return part


@dataclass(frozen=True)
class Load:
    """What a server did under load.

    Attributes
    ----------
    rate
        Requests answered per second.
    latencies
        Seconds that each took.
    """

    rate: float
    latencies: list[float]


def drive(port: int, requests: Sequence[bytes], connections: int, seconds: float) -> Load:
    """Keep each connection busy for a while; the requests are sent in turn, again and again."""
    opened = [Connection(port) for _ in range(connections)]
    started = time.perf_counter()
    end = started + seconds
    turn = itertools.takewhile(lambda _: time.perf_counter() < end, itertools.cycle(requests))
    latencies = list(itertools.chain.from_iterable(exchange(dict.fromkeys(opened, turn)).values()))
    spent = time.perf_counter() - started
    for each in opened:
        each.close()
    return Load(len(latencies) / spent, latencies)


def exchange(turns: Mapping[Connection, Iterator[bytes]]) -> dict[Connection, list[float]]:
    """Have each connection send its requests, each after the answer to the one before; two may share an iterator.

    One thread waits for all connections: the client takes as little of the machine as it can.

    Returns
    -------
    dict
        The seconds that each request took, by connection.
    """
    if len(turns) == 1:
        [(only, turn)] = turns.items()
        return {only: _exchange_alone(only, turn)}
    latencies: dict[Connection, list[float]] = {each: [] for each in turns}
    sent: dict[Connection, float] = {}
    with selectors.DefaultSelector() as selector:
        for each, turn in turns.items():
            if (request := next(turn, None)) is not None:
                selector.register(each.socket, selectors.EVENT_READ, each)
                sent[each] = time.perf_counter()
                each.send(request)
        while selector.get_map():
            for key, _ in selector.select():
                connection: Connection = key.data
                connection.answer()
                now = time.perf_counter()
                latencies[connection].append(now - sent[connection])
                if (request := next(turns[connection], None)) is None:
                    selector.unregister(connection.socket)
                    continue
                sent[connection] = now
                connection.send(request)
    return latencies


def _exchange_alone(connection: Connection, turn: Iterator[bytes]) -> list[float]:
    """Do the same with one connection, which needs nobody to say which one it is that has an answer."""
    latencies = []
    for request in turn:
        sent = time.perf_counter()
        connection.send(request)
        connection.answer()
        latencies.append(time.perf_counter() - sent)
    return latencies
