"""The Broker's queue in Redis: what is in there survives the Broker.

A hash holds one field per delivery. Changes that come while a write is under way are gathered into the next one, so
that the cost of a round trip is shared; each write is one script, so that it happens as a whole or not at all, and
writing it twice does no harm, which is why a write with an unknown outcome is simply repeated.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sized
from dataclasses import dataclass, field
from functools import partial
from itertools import chain

from redis.asyncio import Redis
from redis.exceptions import RedisError

from rivulet_local.errors import QueueUnavailable
from rivulet_local.redis_script import RedisScript

log = logging.getLogger(__name__)

QUEUE = "broker:queue"
DEAD = "broker:dead"
_HEARTBEAT = 0.5
_PAUSE = 0.1
# How long the news that a delivery is done may wait for others: what is not written at a crash is delivered again,
# which may happen to any delivery.
_LINGER = 0.02
# One call, and one argument: the client's work is on each of them.
_WRITE = """
local words = cmsgpack.unpack(ARGV[1])
local added, buried = tonumber(words[1]), tonumber(words[2])
local at = 3
for _ = 1, added do
  redis.call('HSET', KEYS[1], words[at], words[at + 1])
  at = at + 2
end
for _ = 1, buried do
  redis.call('XADD', KEYS[2], '*', 'reason', words[at], 'delivery', words[at + 1])
  at = at + 2
end
for number = at, #words do
  redis.call('HDEL', KEYS[1], words[number])
end
"""


@dataclass(eq=False)
class Change:
    """Deliveries that come and go in one step.

    Attributes
    ----------
    add, remove
        Records by number, and the numbers of those that are done.
    bury
        Why a delivery is given up, and its record, which is kept for a person.
    then
        Called as soon as the change is in Redis, in the order of the changes.
    """

    add: dict[int, bytes] = field(default_factory=dict)
    remove: tuple[int, ...] = ()
    bury: tuple[str, bytes] | None = None
    then: Callable[[], None] | None = None

    @property
    def urgent(self) -> bool:
        """Whether somebody waits for it: not if it only says that deliveries are done."""
        return bool(self.add or self.bury)


class QueueStore:
    """Writes changes of the queue to Redis, many at a time."""

    def __init__(self, redis: Redis) -> None:
        self.available = asyncio.Event()
        self._redis = redis
        where = redis.connection_pool.connection_kwargs
        self._script = RedisScript(where["host"], where["port"], _WRITE)
        self._lingering: asyncio.TimerHandle | None = None
        self._gathered: dict[Change, asyncio.Future[None]] = {}
        self._batch: dict[Change, asyncio.Future[None]] = {}
        self._wake = asyncio.Event()
        self._writer: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to write."""
        self.available.set()
        self._writer = asyncio.create_task(self._write_on())

    async def stop(self) -> None:
        """Stop writing, after what has gathered."""
        if self._writer is not None:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._drained(), 2)
            self._writer.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._writer
        self._script.close()

    async def recover(self) -> AsyncIterator[tuple[int, bytes]]:
        """Give what an earlier Broker has left in the queue, in the order in which it came."""
        records: dict[int, bytes] = {}
        async for number, record in self._redis.hscan_iter(QUEUE, count=1000):
            records[int(number)] = record
        for number in sorted(records):
            yield number, records[number]

    def submit(self, change: Change) -> asyncio.Future[None]:
        """Have a change written; the future is done when Redis has it."""
        done = asyncio.get_running_loop().create_future()
        self._gathered[change] = done
        if change.urgent:
            self._wake.set()
        elif self._lingering is None:
            self._lingering = asyncio.get_running_loop().call_later(_LINGER, self._wake.set)
        return done

    async def submit_within(self, change: Change, seconds: float) -> None:
        """Have a change written, or withdraw it if that takes too long.

        Raises
        ------
        QueueUnavailable
            If Redis did not take it in time.
        """
        done = self.submit(change)
        try:
            await asyncio.wait_for(asyncio.shield(done), seconds)
        except TimeoutError:
            # A change that is being written right now may still arrive: at least once, not at most once.
            self._gathered.pop(change, None)
            raise QueueUnavailable from None

    async def _drained(self) -> None:
        while waited_for := [*self._batch.values(), *self._gathered.values()]:
            self._wake.set()
            await asyncio.wait(waited_for)

    async def _write_on(self) -> None:
        while True:
            try:
                async with asyncio.timeout(_HEARTBEAT):
                    await self._wake.wait()
            except TimeoutError:
                await self._persist(self._ping)
                continue
            # Lets everyone who is ready to run in this round add their change.
            await asyncio.sleep(0)
            self._wake.clear()
            if self._lingering is not None:
                self._lingering.cancel()
                self._lingering = None
            self._batch, self._gathered = self._gathered, {}
            if self._batch:
                await self._persist(partial(self._write, list(self._batch)))
            for change, done in self._batch.items():
                if change.then is not None:
                    change.then()
                done.set_result(None)
            self._batch = {}

    async def _persist(self, action: Callable[[], Awaitable[None]]) -> None:
        while True:
            try:
                await action()
            except (RedisError, OSError) as error:
                if self.available.is_set():
                    log.warning("the Broker's Redis does not answer (%s); deliveries wait", error)
                self.available.clear()
                await asyncio.sleep(_PAUSE)
                continue
            if not self.available.is_set():
                log.info("the Broker's Redis answers again")
                self.available.set()
            return

    async def _ping(self) -> None:
        await self._redis.ping()

    async def _write(self, changes: list[Change]) -> None:
        added = [(b"%d" % number, record) for change in changes for number, record in change.add.items()]
        buried = [(change.bury[0].encode(), change.bury[1]) for change in changes if change.bury is not None]
        words = [b"%d" % len(added), b"%d" % len(buried), *chain.from_iterable((*added, *buried))]
        words += [b"%d" % number for change in changes for number in change.remove]
        await self._script.run((QUEUE, DEAD), _packed(words))


def _packed(words: list[bytes]) -> bytes:
    """Return a MessagePack array of the words; as text, whatever is in them: Redis' reader knows no binary."""
    return b"\xdd" + _length(words) + b"".join([b"\xdb" + _length(word) + word for word in words])


def _length(counted: Sized) -> bytes:
    return len(counted).to_bytes(4, "big")
