"""The connection to Redis, and the names of the keys."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from rivulet.errors import OutOfReach
from rivulet.lean_imports import hidden

# Where OpenTelemetry is installed, the client loads its SDK for metrics that nobody asked for: a third of its import.
with hidden("opentelemetry"):
    import redis
    from redis.backoff import NoBackoff
    from redis.retry import Retry

_ANSWER_WITHIN = 2.0
_CONNECT_WITHIN = 1.0


class Store:
    """One client for a function's process; it connects at its first command.

    A command that finds its pooled connection broken is sent once more on a new one: every script here may be run
    twice without doing its work twice. A command that is not answered in time is not sent again.

    Parameters
    ----------
    url
        Where Redis is.
    """

    def __init__(self, url: str) -> None:
        self.client: redis.Redis = redis.Redis.from_url(
            url,
            socket_timeout=_ANSWER_WITHIN,
            socket_connect_timeout=_CONNECT_WITHIN,
            retry=Retry(NoBackoff(), 1, supported_errors=(redis.ConnectionError,)),
            health_check_interval=0,
        )

    def script(self, source: str) -> Callable[[Sequence[str], Sequence[Any]], Any]:
        """Return a function that runs a Lua script by its hash."""
        registered = self.client.register_script(source)

        def run(keys: Sequence[str], args: Sequence[Any]) -> Any:
            return self.call(registered, keys=keys, args=args)

        return run

    def call(self, command: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Run a command of the client.

        Raises
        ------
        OutOfReach
            If Redis does not answer, or answers that it cannot serve at present.
        """
        try:
            return command(*args, **kwargs)
        except (redis.ConnectionError, redis.TimeoutError) as error:
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
