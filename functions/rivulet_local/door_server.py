"""The Broker's port, where what is usual is answered at once: an event that comes whole, and is taken.

All else, and whatever leaves a doubt, is aiohttp's to read and to answer: from then on the connection is in its hands.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any, cast

from aiohttp import web

from rivulet.heads import UNUSUAL, plain
from rivulet.straight import Straight
from rivulet_local.broker_door import UNAVAILABLE, BrokerDoor
from rivulet_local.cloudevent import Event, NotACloudEvent, parse
from rivulet_local.errors import QueueUnavailable

_TAKEN = b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n"
_PROBLEM = json.dumps({"error": UNAVAILABLE}).encode()
_UNAVAILABLE = (
    b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Type: application/json; charset=utf-8\r\n"
    b"Content-Length: %d\r\n\r\n%b" % (len(_PROBLEM), _PROBLEM)
)
_MOST_LATER = 256 * 1024  # bytes that are read while an event is not taken yet


class DoorServer(web.Server):
    """Serves the door: its connections begin at once, and go on with aiohttp where they have to."""

    def __init__(self, door: BrokerDoor, **options: Any) -> None:
        super().__init__(door.handle, **options)
        self._door = door
        self._begun: set[DoorProtocol] = set()

    def __call__(self) -> Any:
        """Return what a new connection is served by."""
        return DoorProtocol(self._door, super().__call__, self._begun)

    def pre_shutdown(self) -> None:
        """End the connections over which nothing is under way, and the others with their answer."""
        for each in list(self._begun):
            each.end()
        super().pre_shutdown()


class DoorProtocol(asyncio.Protocol):
    """One connection, as long as what comes over it is usual.

    Parameters
    ----------
    otherwise
        Makes the protocol that reads all else.
    among
        The connections of this kind, among which it stands from its beginning to its end.
    """

    def __init__(self, door: BrokerDoor, otherwise: Callable[[], asyncio.Protocol], among: set[DoorProtocol]) -> None:
        self._door = door
        self._otherwise = otherwise
        self._among = among
        self._line = f"POST {door.path} HTTP/1.1".encode()
        self._transport: asyncio.Transport | None = None
        self._busy = False
        self._later = b""
        self._ends = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin; called by the event loop, like the two below."""
        self._transport = cast("asyncio.Transport", transport)  # other event loops have classes of their own
        self._among.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """End."""
        self._among.discard(self)
        self._transport = None

    def data_received(self, data: bytes) -> None:
        """Take in what was sent."""
        if self._busy:
            self._later += data
            if len(self._later) > _MOST_LATER and self._transport is not None:
                self._transport.pause_reading()
            return
        event = self._whole(data)
        if event is None:
            self._hand_over(data)
            return
        self._busy = True
        Straight(self._door.publish(event), lambda _, error: self._published(data, error)).go_on()

    def end(self) -> None:
        """Close it as soon as nothing is under way."""
        self._ends = True
        if not self._busy and self._transport is not None:
            self._transport.close()

    def _whole(self, data: bytes) -> Event | None:
        """Return the event of what is one whole request, and nothing else."""
        line, _, rest = data.partition(b"\r\n")
        end = rest.find(b"\r\n\r\n")
        headers = plain(rest[: end + 2]) if line == self._line and end > 0 else None
        if headers is None or not UNUSUAL.isdisjoint(headers):
            return None
        body = rest[end + 4 :]
        if headers.pop("content-length", "") != str(len(body)):
            return None
        try:
            return parse(headers, body)
        except NotACloudEvent:
            return None

    def _published(self, data: bytes, error: BaseException | None) -> None:
        self._busy = False
        later, self._later = self._later, b""
        if self._transport is None or self._transport.is_closing():
            return
        if error is None:
            self._transport.write(_TAKEN)
        elif isinstance(error, QueueUnavailable):
            self._transport.write(_UNAVAILABLE)
        else:  # which is found out again, and said in full
            self._hand_over(data + later)
            return
        if self._ends:
            self._transport.close()
        elif later:
            self._transport.resume_reading()
            self.data_received(later)

    def _hand_over(self, data: bytes) -> None:
        transport, self._transport = self._transport, None
        self._among.discard(self)
        if transport is None:
            return
        protocol = self._otherwise()
        transport.set_protocol(protocol)
        transport.resume_reading()
        protocol.connection_made(transport)
        protocol.data_received(data)
