"""Ingest's place in its data set, and what each tick was answered."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from typing import Any

from rivulet.store.connection import Store, ingest_key
from rivulet.store.lane import surely

# Takes the next row, for a request once only. A tick also numbers what it emits: the number goes on when the data
# set is begun anew, since a series never starts over.
_NEXT = """
local cursor, request = KEYS[1], KEYS[2]
local total, memory, numbered = tonumber(ARGV[1]), tonumber(ARGV[2]), ARGV[3] == '1'
if numbered then redis.call('HSET', cursor, 'tick', redis.call('TIME')[1]) end
local known = redis.call('GET', request)
if known then return known end
local index = tonumber(redis.call('HGET', cursor, 'index') or '0')
if index >= total then
  local none = cjson.encode({row = 0, sequence = 0})
  if numbered then redis.call('SET', request, none, 'EX', memory) end
  return none
end
index = redis.call('HINCRBY', cursor, 'index', 1)
local answer = {row = index, sequence = 0}
if numbered then answer.sequence = redis.call('HINCRBY', cursor, 'emitted', 1) end
redis.call('SET', request, cjson.encode(answer), 'EX', memory)
return cjson.encode(answer)
"""

_SENT_TWICE_WITHIN = 10

# Numbers a live price, once a tick: whichever of two deliveries comes first is the observation.
_QUOTE = """
local cursor, tick = KEYS[1], KEYS[2]
local known = redis.call('GET', tick)
if known then return known end
redis.call('HSET', cursor, 'tick', redis.call('TIME')[1])
local sequence = redis.call('HINCRBY', cursor, 'emitted', 1)
local answer = '{"sequence":' .. string.format('%d', sequence) .. ',"price":' .. ARGV[1] .. '}'
redis.call('SET', tick, answer, 'EX', tonumber(ARGV[2]))
return answer
"""


@dataclass(frozen=True)
class Taken:
    """A row that was taken from the data set; row 0 means that there was none left."""

    row: int
    sequence: int


class Cursor:
    """The cursor of each series that ingest feeds.

    Parameters
    ----------
    memory
        Seconds for which a tick's answer is remembered.
    """

    def __init__(self, store: Store, memory: int) -> None:
        self._store = store
        self._memory = memory
        self._next = store.script(_NEXT)
        self._quote = store.script(_QUOTE)

    def take(self, series_id: str, total: int, tick: str | None = None) -> Taken:
        """Advance by one row.

        Parameters
        ----------
        total
            How many rows there are.
        tick
            The identity of the tick: the same one gets the same row. Without one it is a call, whose script the
            client may send twice, but nobody else.
        """
        request = f"tick:{tick}" if tick else f"call:{uuid.uuid4().hex}"
        keys = [ingest_key(series_id, "cursor"), ingest_key(series_id, request)]
        memory, numbered = (self._memory, 1) if tick else (_SENT_TWICE_WITHIN, 0)
        return Taken(**json.loads(self._next(keys, [total, memory, numbered])))

    async def take_sent(self, series_id: str, total: int, tick: str) -> Taken:
        """Do the same for a tick, from the event loop.

        Raises
        ------
        Detour
            If Redis has not surely done it. It may be done again, to the same effect.
        """
        keys = [ingest_key(series_id, "cursor"), ingest_key(series_id, f"tick:{tick}")]
        return Taken(**json.loads(await surely(self._next.sent(keys, [total, self._memory, 1]))))

    def answered(self, series_id: str, tick: str) -> int | None:
        """Return the number of the observation that a tick was answered with.

        Returns
        -------
        int or None
            0 if there was none left; None if the tick has not been answered.
        """
        known = self._store.call(self._store.client.get, ingest_key(series_id, f"tick:{tick}"))
        return int(json.loads(known)["sequence"]) if known else None

    def quoted(self, series_id: str, tick: str) -> dict[str, Any] | None:
        """Return what a live tick was answered, if it was."""
        known = self._store.call(self._store.client.get, ingest_key(series_id, f"tick:{tick}"))
        found: dict[str, Any] | None = json.loads(known) if known else None
        return found

    def quote(self, series_id: str, tick: str, price: float) -> dict[str, Any]:
        """Record the price that answers a tick, and return what is on record: ``sequence`` and ``price``."""
        keys = [ingest_key(series_id, "cursor"), ingest_key(series_id, f"tick:{tick}")]
        answer: dict[str, Any] = json.loads(self._quote(keys, [repr(price), self._memory]))
        return answer

    def index(self, series_id: str) -> int:
        """Return how many rows were taken since the last reset."""
        return int(self._store.call(self._store.client.hget, ingest_key(series_id, "cursor"), "index") or 0)

    def reset(self, series_id: str) -> None:
        """Begin the data set anew."""
        self._store.call(self._store.client.hset, ingest_key(series_id, "cursor"), "index", 0)
