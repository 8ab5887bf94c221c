"""Deliveries and the order in which they are made."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Hashable
from dataclasses import dataclass

from rivulet_local.cloudevent import Event


@dataclass(slots=True, eq=False)
class Delivery:
    """One event on its way to one subscriber.

    Attributes
    ----------
    number
        Where it stands in the queue.
    route
        The name of the route, which says where it goes: a Trigger's, with nothing in it that JSON would escape.
    attempts
        How many have failed.
    """

    number: int
    route: str
    event: Event
    attempts: int = 0

    def record(self) -> bytes:
        """Return the delivery as it is kept in the queue."""
        return b'["%b",%b' % (self.route.encode(), self.event.record())

    @classmethod
    def from_record(cls, number: int, record: bytes) -> Delivery:
        """Read what :meth:`record` has made."""
        head, _, data = record.partition(b"\n")
        route, attributes = json.loads(head)
        return cls(number, route, Event(attributes, data))


class Lanes:
    """Deliveries of one route, in the order of each key.

    First attempts of one key are made one after the other; a delivery that waits for its retry has left its lane, so
    that it does not hold up the others.
    """

    def __init__(self) -> None:
        self._lanes: dict[Hashable, deque[Delivery]] = {}
        self._free: deque[Hashable] = deque()

    def add(self, delivery: Delivery) -> None:
        """Put a delivery at the end of its key's lane, or in one of its own if it has no key, or is a retry."""
        key = delivery.event.key if delivery.attempts == 0 else None
        lane: Hashable = key if key is not None else delivery
        if lane in self._lanes:
            self._lanes[lane].append(delivery)
        else:
            self._lanes[lane] = deque([delivery])
            self._free.append(lane)

    def holds(self, key: str | None) -> bool:
        """Whether a first attempt with this key is to be made, or under way."""
        return key is not None and key in self._lanes

    def take(self) -> tuple[Hashable, Delivery] | None:
        """Take the next delivery whose lane is free, with its lane, which is then busy."""
        if not self._free:
            return None
        lane = self._free.popleft()
        return lane, self._lanes[lane].popleft()

    def release(self, lane: Hashable) -> None:
        """Let the next delivery of a lane go."""
        if self._lanes[lane]:
            self._free.append(lane)
        else:
            del self._lanes[lane]
