"""The Broker: events in, deliveries out, replies back in; with Knative's rules."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Hashable
from dataclasses import dataclass

from rivulet.straight import Straight
from rivulet_local.cloudevent import TTL, Event
from rivulet_local.deliveries import Delivery
from rivulet_local.errors import QueueUnavailable
from rivulet_local.outcome import Outcome, attempt
from rivulet_local.queue_store import Change, QueueStore
from rivulet_local.retry import Verdict
from rivulet_local.routes import Route, RoutingTable

log = logging.getLogger(__name__)

CAPACITY = 100_000
_FIRST_TTL = 255
_PUBLISH_PATIENCE = 1.0


class QueueFull(Exception):
    """There are too many deliveries in the queue for another event."""


class Exhausted(ValueError):
    """An event has passed the Broker too often."""


@dataclass
class Counters:
    """What the Broker has done since its start."""

    queued: int = 0
    in_flight: int = 0
    delivered: int = 0
    retried: int = 0
    dead: int = 0


class Broker:
    """Delivers each event to the subscribers of the Triggers that it passes.

    Parameters
    ----------
    table
        The routes.
    store
        The durable copy of the queue; it has to be started.
    """

    def __init__(self, table: RoutingTable, store: QueueStore) -> None:
        self.counters = Counters()
        self._table = table
        self._store = store
        self._next_number = 0
        self._timers: set[asyncio.TimerHandle] = set()
        self._accepting = True
        self._still = asyncio.Event()
        self._still.set()
        self._over = False
        self._paused: asyncio.Task[None] | None = None

    async def recover(self) -> None:
        """Take up what an earlier Broker has left undelivered."""
        recovered = []
        async for number, record in self._store.recover():
            recovered.append(Delivery.from_record(number, record))
            self._next_number = number + 1
        known = [each for each in recovered if each.route in self._table.by_name]
        for lost in (each for each in recovered if each.route not in self._table.by_name):
            self._give_up(lost, f"there is no Trigger {lost.route} any more")
        if known:
            log.info("%d deliveries that were queued before are taken up", len(known))
        self._enqueue(known)

    async def publish(self, event: Event) -> None:
        """Take an event; it is durably queued on return. To be run straight.

        Raises
        ------
        QueueFull
            If too much is queued already.
        QueueUnavailable
            If Redis does not take it in time.
        Exhausted
            If it has passed the Broker too often.
        """
        if not self._accepting:
            raise QueueUnavailable
        if self.counters.queued >= CAPACITY:
            raise QueueFull
        deliveries = self._deliveries(event, _ttl(event, _FIRST_TTL + 1) - 1)
        if deliveries is None:
            raise Exhausted
        if deliveries:
            await self._store.submit_within(self._addition(deliveries), _PUBLISH_PATIENCE)

    async def stop(self, patience: float) -> None:
        """Make no new attempts, and wait for those under way; what is left stays in the queue."""
        self.halt()
        if self.counters.in_flight:
            self._still.clear()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(patience):
                await self._still.wait()
        self._over = True

    def halt(self) -> None:
        """Take no event and begin no attempt any more."""
        self._accepting = False
        if self._paused is not None:
            self._paused.cancel()
        for timer in self._timers:
            timer.cancel()

    def _deliveries(self, event: Event, ttl: int) -> list[Delivery] | None:
        if ttl <= 0:
            attributes = event.attributes
            log.warning("event %s of type %s is in a loop: dropped", attributes["id"], attributes["type"])
            return None
        routes = self._table.matching(event)
        event.attributes[TTL] = str(ttl)
        return [self._delivery(route, event) for route in routes]

    def _delivery(self, route: Route, event: Event) -> Delivery:
        number = self._next_number
        self._next_number += 1
        return Delivery(number, route.name, event)

    def _addition(self, deliveries: list[Delivery], done: Delivery | None = None) -> Change:
        return Change(
            add={each.number: each.record() for each in deliveries},
            remove=None if done is None else done.number,
            then=(lambda: self._enqueue(deliveries)) if deliveries else None,
        )

    def _enqueue(self, deliveries: list[Delivery]) -> None:
        self.counters.queued += len(deliveries)
        for delivery in deliveries:
            route = self._table.by_name[delivery.route]
            route.lanes.add(delivery)
            self._pump(route)

    def _pump(self, route: Route) -> None:
        while self._accepting and route.running < route.limit:
            if not self._store.available.is_set():
                # Attempts that could not be recorded, and functions without Redis, are not worth making.
                if self._paused is None:
                    self._paused = asyncio.create_task(self._resume())
                return
            taken = route.lanes.take()
            if taken is None:
                return
            route.running += 1
            self.counters.queued -= 1
            self.counters.in_flight += 1
            self._deliver(route, *taken)

    async def _resume(self) -> None:
        await self._store.available.wait()
        self._paused = None
        for route in self._table.by_name.values():
            self._pump(route)

    def _deliver(self, route: Route, lane: Hashable, delivery: Delivery) -> None:
        at_once = True

        def ended(outcome: Outcome | None, error: BaseException | None) -> None:
            self.counters.in_flight -= 1
            route.running -= 1
            route.lanes.release(lane)
            if outcome is None:  # whatever broke in there, the delivery must not vanish with it
                log.error("%s: the attempt itself broke", route.name, exc_info=error)
                outcome = Outcome(Verdict.RETRY, 500, "the attempt itself broke", "the attempt itself broke")
            if (self._accepting or outcome.verdict is Verdict.DONE) and not self._over:
                self._conclude(route, delivery, outcome)
            if not self.counters.in_flight:
                self._still.set()
            if not at_once:  # else whoever began with it goes on by itself
                self._pump(route)

        Straight(attempt(route.function, route.path, delivery.event, route.delivery.timeout), ended).go_on()
        at_once = False

    def _conclude(self, route: Route, delivery: Delivery, outcome: Outcome) -> None:
        if outcome.verdict is Verdict.DONE:
            self.counters.delivered += 1
            replies: list[Delivery] = []
            if outcome.reply is not None:
                ttl = _ttl(delivery.event, _FIRST_TTL) - 1
                replies = self._deliveries(outcome.reply, ttl) or []
            self._store.submit(self._addition(replies, delivery))
            return
        # What fails while Redis is away says nothing about the subscriber; only the first attempt has to count, since
        # the delivery leaves its lane with it.
        if self._store.available.is_set() or delivery.attempts == 0:
            delivery.attempts += 1
        if outcome.verdict is Verdict.RETRY and delivery.attempts <= route.delivery.backoff.retries:
            self._retry(route, delivery, outcome)
        else:
            self._bury(route, delivery, outcome)

    def _retry(self, route: Route, delivery: Delivery, outcome: Outcome) -> None:
        self.counters.retried += 1
        self.counters.queued += 1
        delay = route.delivery.backoff.after(delivery.attempts, outcome.retry_after)
        log.debug("%s: %s; again in %.1f s", route.name, outcome.sentence, delay)

        def again() -> None:
            self._timers.discard(timer)
            route.lanes.add(delivery)
            self._pump(route)

        timer = asyncio.get_running_loop().call_later(delay, again)
        self._timers.add(timer)

    def _bury(self, route: Route, delivery: Delivery, outcome: Outcome) -> None:
        if route.dead is None:
            self._give_up(delivery, outcome.sentence)
            return
        self.counters.dead += 1
        log.warning("%s: %s; goes to %s", route.name, outcome.sentence, route.dead.destination)
        event = delivery.event.having(
            knativeerrordest=route.destination,
            knativeerrorcode=str(outcome.status),
            knativeerrordata=outcome.excerpt,
        )
        self._store.submit(self._addition([self._delivery(route.dead, event)], delivery))

    def _give_up(self, delivery: Delivery, reason: str) -> None:
        if not delivery.route.endswith("/dead"):
            self.counters.dead += 1
        log.error("event %s is given up and kept in Redis: %s", delivery.event.attributes["id"], reason)
        self._store.submit(Change(remove=delivery.number, bury=(reason, delivery.record())))


def _ttl(event: Event, default: int) -> int:
    text = event.attributes.get(TTL, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else default
