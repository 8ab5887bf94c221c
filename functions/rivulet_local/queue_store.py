"""The Broker's queue in Redis: what is in there survives the Broker.

A hash holds one field per delivery. Changes that come while a write is under way are gathered into the next one, so
that the cost of a round trip is shared; each write is one transaction, so that it happens as a whole or not at all, and
writing it twice does no harm, which is why a write with an unknown outcome is simply repeated.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

from redis.asyncio import Redis

from rivulet.straight import Pending, Straight, pause
from rivulet_local.errors import QueueUnavailable
from rivulet_local.transactions import Transactions

log = logging.getLogger(__name__)

QUEUE = "broker:queue"
DEAD = "broker:dead"
_HEARTBEAT = 0.5
_PAUSE = 0.1
_LAST_WRITES = 2.0
_LOOK = 0.01
# How long the news that a delivery is done may wait for others: what is not written at a crash is delivered again,
# which may happen to any delivery.
_LINGER = 0.02


@dataclass(eq=False, slots=True)
class Change:
    """Deliveries that come and go in one step.

    Attributes
    ----------
    add, remove
        Records by number, and the number of the one that is done.
    bury
        Why a delivery is given up, and its record, which is kept for a person.
    then
        Called as soon as the change is in Redis, in the order of the changes.
    told
        Done after that, if somebody waits.
    """

    add: dict[int, bytes] = field(default_factory=dict)
    remove: int | None = None
    bury: tuple[str, bytes] | None = None
    then: Callable[[], None] | None = None
    told: Pending[None] | None = None

    @property
    def urgent(self) -> bool:
        """Whether somebody waits for it: not if it only says that a delivery is done."""
        return bool(self.add or self.bury)

    def written(self) -> None:
        """Tell that it is in Redis."""
        if self.then is not None:
            self.then()
        if self.told is not None and not self.told.done:
            self.told.settle(None)


class QueueStore:
    """Writes changes of the queue to Redis, many at a time."""

    def __init__(self, redis: Redis) -> None:
        self.available = asyncio.Event()
        self._redis = redis
        where = redis.connection_pool.connection_kwargs
        self._transactions = Transactions(where["host"], where["port"])
        self._due: dict[bool, asyncio.Handle] = {}  # by whether it is urgent
        self._heart: asyncio.TimerHandle | None = None
        self._gathered: list[Change] = []
        self._batch: list[Change] = []
        self._woken: Pending[None] = Pending()
        self._stopped = False

    async def start(self) -> None:
        """Begin to write."""
        self.available.set()
        self._beat()
        Straight(self._write_on(), _ended).go_on()

    async def stop(self) -> None:
        """Stop writing, after what has gathered."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_LAST_WRITES):
                while self._batch or self._gathered:
                    self._wake()
                    await asyncio.sleep(_LOOK)
        self._stopped = True
        if self._heart is not None:
            self._heart.cancel()
        self._wake()
        self._transactions.close()

    async def recover(self) -> AsyncIterator[tuple[int, bytes]]:
        """Give what an earlier Broker has left in the queue, in the order in which it came."""
        records: dict[int, bytes] = {}
        async for number, record in self._redis.hscan_iter(QUEUE, count=1000):
            records[int(number)] = record
        for number in sorted(records):
            yield number, records[number]

    def submit(self, change: Change) -> None:
        """Have a change written."""
        self._gathered.append(change)
        urgent = change.urgent
        if urgent not in self._due:
            loop = asyncio.get_running_loop()
            # Not at once: everyone who is ready to run in this round adds their change.
            self._due[urgent] = loop.call_soon(self._wake) if urgent else loop.call_later(_LINGER, self._wake)

    async def submit_within(self, change: Change, seconds: float) -> None:
        """Have a change written, or withdraw it if that takes too long; to be run straight.

        Raises
        ------
        QueueUnavailable
            If Redis did not take it in time.
        """
        told: Pending[None] = Pending()
        change.told = told
        self.submit(change)
        patience = asyncio.get_running_loop().call_later(seconds, _give_up, told)
        try:
            await told
        except TimeoutError:
            # A change that is being written right now may still arrive: at least once, not at most once.
            with contextlib.suppress(ValueError):
                self._gathered.remove(change)
            raise QueueUnavailable from None
        finally:
            patience.cancel()

    def _wake(self) -> None:
        for timer in self._due.values():
            timer.cancel()
        self._due.clear()
        if not self._woken.done:
            self._woken.settle(None)

    def _beat(self) -> None:
        """Have the writer look after Redis where there is nothing to write."""
        self._heart = asyncio.get_running_loop().call_later(_HEARTBEAT, self._beat)
        self._wake()

    async def _write_on(self) -> None:
        """Write what has gathered, each time that there is something; run straight."""
        while not self._stopped:
            await self._woken
            self._woken = Pending()
            self._batch, self._gathered = self._gathered, []
            if await self._persist(_commands(self._batch)):
                for change in self._batch:
                    change.written()
            self._batch = []

    async def _persist(self, commands: list[list[str | bytes]]) -> bool:
        """Write until Redis has it; return False if that was given up."""
        while not self._stopped:
            try:
                await self._transactions.run(commands)
            except OSError as error:
                if self.available.is_set():
                    log.warning("the Broker's Redis does not answer (%s); deliveries wait", error)
                self.available.clear()
                await pause(_PAUSE)
                continue
            if not self.available.is_set():
                log.info("the Broker's Redis answers again")
                self.available.set()
            return True
        return False


def _commands(changes: list[Change]) -> list[list[str | bytes]]:
    """Return what makes the changes; without any, it only shows whether Redis answers."""
    added = [word for change in changes for number, record in change.add.items() for word in (b"%d" % number, record)]
    buried = [change.bury for change in changes if change.bury is not None]
    removed = [b"%d" % change.remove for change in changes if change.remove is not None]
    commands: list[list[str | bytes]] = [["HSET", QUEUE, *added]] if added else []
    commands += [["XADD", DEAD, "*", "reason", reason, "delivery", record] for reason, record in buried]
    return [*commands, ["HDEL", QUEUE, *removed]] if removed else commands


def _give_up(told: Pending[None]) -> None:
    if not told.done:
        told.fail(TimeoutError())


def _ended(found: None, error: BaseException | None) -> None:
    if error is not None:
        log.error("the queue is not written any more", exc_info=error)
