"""The connection to Redis, and the names of the keys."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast
from urllib.parse import urlsplit

from rivulet.errors import OutOfReach
from rivulet.lean_imports import hidden, read
from rivulet.store.lane import Lane
from rivulet.straight import Pending

# Where OpenTelemetry is installed, the client loads its SDK for metrics that nobody asked for: a third of its import.
read("redis")
with hidden("opentelemetry"):
    import redis
    import redis.client
    from redis.backoff import NoBackoff
    from redis.retry import Retry

_ANSWER_WITHIN = 2.0
_CONNECT_WITHIN = 1.0
_CLUSTER = "+cluster"
_AWAY = (
    redis.ConnectionError,
    redis.TimeoutError,
    redis.exceptions.ClusterError,
    redis.exceptions.ClusterDownError,
    redis.exceptions.RedisClusterException,
)


class Store:
    """One client for a function's process; it connects at its first command.

    A command that finds its pooled connection broken is sent once more on a new one: every script here may be run
    twice without doing its work twice. A command that is not answered in time is not sent again.

    Parameters
    ----------
    url
        Where Redis is: ``redis://`` or ``rediss://``, of a Redis Cluster ``redis+cluster://`` or ``rediss+cluster://``.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self.lane = Lane(_lane_options(url))
        self._client: redis.Redis | None = None
        self._opening = threading.Lock()

    @property
    def client(self) -> redis.Redis:
        """The client.

        Raises
        ------
        OutOfReach
            If it is a cluster's, and no node answers: such a client asks for the nodes when it is made.
        """
        if self._client is None:
            with self._opening:
                self._client = self._client or _open(self._url)
        return self._client

    def script(self, source: str) -> Script:
        """Return a Lua script that can be run by its hash."""
        return Script(self, source)

    def call(self, command: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Run a command of the client.

        Raises
        ------
        OutOfReach
            If Redis does not answer, or answers that it cannot serve at present.
        """
        try:
            return command(*args, **kwargs)
        except _AWAY as error:
            raise OutOfReach(f"Redis is out of reach: {error}", retry_after=1) from error
        except (redis.exceptions.ReadOnlyError, redis.exceptions.OutOfMemoryError) as error:
            raise OutOfReach(f"Redis takes no writes: {error}", retry_after=1) from error

    def reachable(self) -> bool:
        """Whether Redis answers."""
        try:
            self.call(self.client.ping)
        except OutOfReach:
            return False
        return True


class Script:
    """A Lua script: called, it is run by the client; or it is sent down the lane by who is on the event loop.

    Attributes
    ----------
    digest
        Its hash, which Redis knows it by once it was loaded.
    """

    def __init__(self, store: Store, source: str) -> None:
        self._store = store
        self._source = source
        self.digest = store.lane.add(source)
        self._registered: Any = None

    def __call__(self, keys: Sequence[str], args: Sequence[Any]) -> Any:
        """Run it, and wait for what it returns."""
        if self._registered is None:
            self._registered = self._store.client.register_script(self._source)
        return self._store.call(self._registered, keys=keys, args=args)

    def sent(self, keys: Sequence[str], args: Sequence[Any]) -> Pending[Any]:
        """Send it down the lane; see `Lane.run`."""
        return self._store.lane.run(self.digest, keys, args)


def _lane_options(url: str) -> Mapping[str, Any] | None:
    """Return what a lane needs to know; it is not made for a cluster, nor for TLS."""
    parse: Any = redis.connection.parse_url
    return parse(url) if urlsplit(url).scheme == "redis" else None


def _open(url: str) -> redis.Redis:
    patience: dict[str, Any] = {"socket_timeout": _ANSWER_WITHIN, "socket_connect_timeout": _CONNECT_WITHIN}
    scheme, separator, rest = url.partition("://")
    if scheme.endswith(_CLUSTER):
        try:
            cluster = redis.RedisCluster.from_url(f"{scheme.removesuffix(_CLUSTER)}{separator}{rest}", **patience)
        except _AWAY as error:
            raise OutOfReach(f"no node of the Redis Cluster is in reach: {error}", retry_after=1) from error
        return cast(redis.Redis, cluster)  # it has the same commands; every key of a series is in one slot
    retry = Retry(NoBackoff(), 1, supported_errors=(redis.ConnectionError,))
    return redis.Redis.from_url(url, **patience, retry=retry, health_check_interval=0)


def series_key(series_id: str, part: str) -> str:
    """Return a key of a series' record."""
    return f"series:{{{series_id}}}:{part}"


def model_key(model: str, series_id: str, part: str) -> str:
    """Return a key of what a model knows of a series."""
    return f"model:{model}:{{{series_id}}}:{part}"


def ledger_key(series_id: str, part: str) -> str:
    """Return a key of the ledger's notes on a series."""
    return f"ledger:{{{series_id}}}:{part}"


def ingest_key(series_id: str, part: str) -> str:
    """Return a key of what ingest knows of a series."""
    return f"ingest:{{{series_id}}}:{part}"


def entry_number(entry_id: bytes) -> int:
    """Return the number in a stream's entry id ``<number>-0``."""
    return int(entry_id.partition(b"-")[0])
