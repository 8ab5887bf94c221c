"""The ledger's own notes: when predictions arrived, dead letters, baselines, and the end of a series."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from rivulet.baselines import Baselines
from rivulet.store.connection import Store, ingest_key, ledger_key, model_key, series_key
from rivulet.store.lane import surely

_ARRIVE = (Path(__file__).parent / "arrive.lua").read_text("utf-8")

_encode = msgspec.json.Encoder().encode
_DEAD_LETTERS = "ledger:deadletters"
_SEEN = f"{{{_DEAD_LETTERS}}}:seen"  # in the slot of the dead letters
_MOST_DEAD_LETTERS = 10_000
_MEMORY = 7 * 86400
_PAGE = 500

_KEEP_DEAD = """
if redis.call('SET', KEYS[2], '1', 'NX', 'EX', ARGV[3]) then
  redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[2], '*', 'letter', ARGV[1])
  return 1
end
return 0
"""


@dataclass(frozen=True)
class Arrival:
    """When a prediction came to the ledger, and when what it rests on was appended; milliseconds since 1970.

    Attributes
    ----------
    new
        Whether it had not come before.
    count
        How many models' predictions of the observation have come.
    observed_ms, learned_ms
        None where there is no such entry any more.
    """

    new: bool
    count: int
    at_ms: int
    observed_ms: int | None
    learned_ms: int | None


class Notes:
    """What the ledger writes, beside what it reads from the record and the journals."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._keep_dead = store.script(_KEEP_DEAD)
        self._arrive = store.script(_ARRIVE)

    def arrived(self, series_id: str, seq: int, model: str, n: int, event: Mapping[str, Any]) -> Arrival:
        """Note that a prediction came to the ledger; the first arrival counts.

        Parameters
        ----------
        n
            The lesson's number in the model's journal.
        """
        at_ms = time.time_ns() // 1_000_000
        return _arrival(self._arrive(*_arrived(series_id, seq, model, n, event, at_ms)), at_ms)

    async def arrived_sent(self, series_id: str, seq: int, model: str, n: int, event: Mapping[str, Any]) -> Arrival:
        """Do the same from the event loop.

        Raises
        ------
        Detour
            If Redis has not surely done it. It may be done again, to the same effect.
        """
        at_ms = time.time_ns() // 1_000_000
        sent = self._arrive.sent(*_arrived(series_id, seq, model, n, event, at_ms))
        return _arrival(await surely(sent), at_ms)

    def arrivals(self, series_id: str, seq: int) -> dict[str, Any]:
        """Return the noted arrivals of one observation's predictions, by model."""
        found = self._store.call(self._store.client.hgetall, ledger_key(series_id, f"run:{seq}"))
        return {model.decode(): json.loads(note) for model, note in found.items()}

    def bury(self, identity: str, letter: Mapping[str, Any]) -> bool:
        """Keep a dead letter; the same one is kept once.

        Parameters
        ----------
        identity
            The event's identity and the subscriber that it could not be delivered to.

        Returns
        -------
        bool
            Whether it was new.
        """
        digest = hashlib.sha256(identity.encode()).hexdigest()[:32]
        keys = [_DEAD_LETTERS, f"{_SEEN}:{digest}"]
        return bool(self._keep_dead(keys, [json.dumps(letter), _MOST_DEAD_LETTERS, _MEMORY]))

    def dead_letters(self, after: str = "-", count: int = _PAGE) -> list[tuple[str, dict[str, Any]]]:
        """Return dead letters with their entry ids, oldest first, from behind the entry `after`."""
        start = after if after == "-" else f"({after}"
        entries = self._store.call(self._store.client.xrange, _DEAD_LETTERS, start, "+", count)
        return [(entry_id.decode(), json.loads(fields[b"letter"])) for entry_id, fields in entries]

    def unbury(self, entry_id: str, identity: str) -> None:
        """Forget a dead letter, so that the same event may die again."""
        digest = hashlib.sha256(identity.encode()).hexdigest()[:32]
        pipeline = self._store.client.pipeline()
        pipeline.xdel(_DEAD_LETTERS, entry_id)
        pipeline.delete(f"{_SEEN}:{digest}")
        self._store.call(pipeline.execute)

    def baselines(self, series_id: str, season: int) -> Baselines:
        """Return the baselines as far as they were computed, for this season."""
        kept = self._store.call(self._store.client.get, ledger_key(series_id, "baselines"))
        try:
            baselines = Baselines.from_json(json.loads(kept)) if kept else Baselines(season)
        except KeyError:  # kept by an earlier version
            return Baselines(season)
        return baselines if baselines.season == season else Baselines(season)

    def keep_baselines(self, series_id: str, baselines: Baselines) -> None:
        """Keep how far the baselines are."""
        key = ledger_key(series_id, "baselines")
        self._store.call(self._store.client.set, key, json.dumps(baselines.to_json()))

    def remove_series(self, series_id: str, models: Sequence[str]) -> int:
        """Remove everything that is kept of a series.

        Returns
        -------
        int
            How many keys there were.
        """
        client = self._store.client
        patterns = [series_key(series_id, "*"), ledger_key(series_id, "*"), ingest_key(series_id, "*")]
        patterns += [model_key(model, series_id, "*") for model in models]
        removed = 0
        for pattern in patterns:
            keys = self._store.call(lambda match=pattern: list(client.scan_iter(match=_literal(match), count=1000)))
            removed += self._store.call(client.unlink, *keys) if keys else 0
        for model in models:
            self._store.call(client.srem, f"model:{model}:series", series_id)
        return removed


def _arrived(
    series_id: str, seq: int, model: str, n: int, event: Mapping[str, Any], at_ms: int
) -> tuple[list[str], list[Any]]:
    keys = [ledger_key(series_id, f"run:{seq}"), series_key(series_id, "log"), model_key(model, series_id, "journal")]
    return keys, [model, _encode({**event, "at_ms": at_ms}), _MEMORY, seq, n]


def _arrival(reply: Sequence[Any], at_ms: int) -> Arrival:
    new, count, observed, learned = reply
    return Arrival(bool(new), count, at_ms, int(observed) if observed else None, int(learned) if learned else None)


def _literal(pattern: str) -> str:
    """Escape what SCAN would take for a wildcard; a series id has none, a model's name might."""
    return pattern[:-1].replace("[", "\\[").replace("?", "\\?").replace("*", "\\*") + "*"
