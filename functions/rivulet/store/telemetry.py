"""What functions have counted, in Redis: written beside the work in one pipeline a second, read by the exporter."""

from __future__ import annotations

import atexit
import json
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import redis

from rivulet import birth, tally
from rivulet.errors import OutOfReach
from rivulet.logs import log
from rivulet.store.connection import Store

HEARTBEAT = 10.0  # seconds between two signs of life of a process that does nothing
GONE_AFTER = 35.0  # seconds without one, after which it is taken for dead
_PAUSE = 1.0  # seconds that counts are gathered before they are written
_SERVICES = "telemetry:services"

# A process's sign of life, or its farewell; those that have not been heard of are struck off.
_SIGN = """
local pods, memory, pod, now, bytes, gone_before = KEYS[1], KEYS[2], ARGV[1], ARGV[2], ARGV[3], ARGV[4]
for _, gone in ipairs(redis.call('ZRANGEBYSCORE', pods, '-inf', gone_before)) do
  redis.call('ZREM', pods, gone)
  redis.call('HDEL', memory, gone)
end
if bytes == '' then
  redis.call('ZREM', pods, pod)
  redis.call('HDEL', memory, pod)
else
  redis.call('ZADD', pods, now, pod)
  redis.call('HSET', memory, pod, bytes)
end
"""


def _key(service: str, part: str) -> str:
    return f"telemetry:{{{service}}}:{part}"


@dataclass(frozen=True)
class ServiceReport:
    """What is known of one service.

    Attributes
    ----------
    pods
        How many of its processes live.
    since
        When it was first seen, in seconds since 1970.
    memory
        Resident bytes of each process that lives.
    counts
        Sums by name and labels.
    """

    pods: int
    since: float
    memory: tuple[int, ...]
    counts: Mapping[tuple[str, ...], float]


class Telemetry:
    """Carries a process's tally to Redis: a second after something was counted, every ten seconds, and at its end.

    A process that is killed takes the counts of its last second with it; what Redis does not take is kept.
    """

    def __init__(self, store: Store, service: str) -> None:
        self._store = store
        self._service = service
        self._pod = uuid.uuid4().hex
        self._told_seconds = 0.0
        self._counted = threading.Event()
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None
        self._starting = threading.Lock()
        self._writing = threading.Lock()
        self._last: list[Callable[[], None]] = []
        atexit.register(self.close)  # made before a handler registers its own end, so this one comes after it

    def wake(self) -> None:
        """Say that something was counted; the first time starts the thread."""
        if not self._counted.is_set():  # which costs a tenth of setting it
            self._counted.set()
        if self._thread is None:
            with self._starting:
                if self._thread is None:
                    self._thread = threading.Thread(target=self._carry, name="telemetry", daemon=True)
                    self._thread.start()

    def at_the_end(self, last: Callable[[], None]) -> None:
        """Have something done when all else is done."""
        self._last.append(last)

    def close(self) -> None:
        """Write the rest, and that this process is gone."""
        if self._thread is not None and not self._closing.is_set():
            self._closing.set()
            self.flush()
        for last in self._last:
            last()

    def flush(self) -> None:
        """Write what was counted; keep it if Redis is away."""
        with self._writing:  # who ends the process waits for counts that were taken and are not written yet
            counts, seconds = tally.take()
            lived = birth.age()
            try:
                self._store.call(self._pipeline(counts, seconds, lived - self._told_seconds).execute)
            except OutOfReach as problem:
                tally.put_back(counts, seconds)
                log.debug("counts wait: %s", problem.sentence)
            else:
                self._told_seconds = lived

    def _pipeline(
        self, counts: Mapping[tuple[str, ...], int], seconds: Mapping[tuple[str, ...], float], lived: float
    ) -> redis.client.Pipeline:
        pipeline = self._store.client.pipeline(transaction=False)
        key, now = _key(self._service, "counts"), time.time()
        for name, number in counts.items():
            pipeline.hincrby(key, json.dumps(name), number)
        for name, spent in seconds.items():
            pipeline.hincrbyfloat(key, json.dumps(name), spent)
        pipeline.hincrbyfloat(key, json.dumps(["process_seconds"]), lived)
        pipeline.hsetnx(key, "since", repr(now - lived))
        pipeline.sadd(_SERVICES, self._service)
        memory = "" if self._closing.is_set() else birth.resident_bytes()
        keys = (_key(self._service, "pods"), _key(self._service, "memory"))
        pipeline.eval(_SIGN, 2, *keys, self._pod, now, memory, now - GONE_AFTER)
        return pipeline

    def _carry(self) -> None:
        while not self._closing.is_set():
            if self._counted.wait(HEARTBEAT):
                self._closing.wait(_PAUSE)
                self._counted.clear()
            if not self._closing.is_set():
                self.flush()


def read(store: Store) -> dict[str, ServiceReport]:
    """Return what each service has counted: two round trips, however many there are."""
    client = store.client
    services = sorted(member.decode() for member in store.call(client.smembers, _SERVICES))
    pipeline = client.pipeline(transaction=False)
    for service in services:
        pipeline.hgetall(_key(service, "counts"))
        pipeline.zrangebyscore(_key(service, "pods"), time.time() - GONE_AFTER, "+inf")
        pipeline.hgetall(_key(service, "memory"))
    found = store.call(pipeline.execute) if services else []
    return {service: _report(*found[3 * place : 3 * place + 3]) for place, service in enumerate(services)}


def _report(counts: Mapping[bytes, bytes], pods: list[bytes], memory: Mapping[bytes, bytes]) -> ServiceReport:
    since = float(counts.get(b"since", b"0"))
    sums = {tuple(json.loads(name)): float(value) for name, value in counts.items() if name != b"since"}
    return ServiceReport(len(pods), since, tuple(int(memory[pod]) for pod in pods if pod in memory), sums)
