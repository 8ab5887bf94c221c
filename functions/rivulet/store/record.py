"""The record of a series: its numbered log of observations, and the scripts that keep it in order."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rivulet.store.connection import Store, entry_number, series_key

MOST_EARLY = 1000  # observations of a series that are kept for when their turn comes
MOST_LATE = 1000

# One step: is it known, is it its turn, append it and whatever waited for it, read the lags before it.
_APPEND = """
local log, values, ids, order, early, late = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6]
local identity, sequence, value, meta = ARGV[1], tonumber(ARGV[2]), ARGV[3], ARGV[4]
local n_lags, patience, most_early, most_late = tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7]), ARGV[8]

local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local newest = redis.call('XREVRANGE', log, '+', '-', 'COUNT', 1)
local last = newest[1] and tonumber(string.match(newest[1][1], '^%d+')) or 0
local before = redis.call('LRANGE', values, 0, n_lags - 1)
local first_appended

local function id(number) return string.format('%d-0', number) end

local function append(seq, value, meta, number, gap)
  local entry = {'value', value, 'meta', meta, 'at', string.format('%d', now)}
  if number then table.insert(entry, 'sequence'); table.insert(entry, string.format('%d', number)) end
  if gap > 0 then table.insert(entry, 'gap'); table.insert(entry, string.format('%d', gap)) end
  redis.call('XADD', log, id(seq), unpack(entry))
  redis.call('LPUSH', values, value)
  redis.call('LTRIM', values, 0, n_lags - 1)
  last = seq
  first_appended = first_appended or seq
end

local function answer(status, seq)
  local lags = {}
  if seq == first_appended and (#before == n_lags or #before == seq - 1) then
    lags = before
  else
    for _, entry in ipairs(redis.call('XREVRANGE', log, '(' .. id(seq), '-', 'COUNT', n_lags)) do
      for i = 1, #entry[2], 2 do
        if entry[2][i] == 'value' then table.insert(lags, entry[2][i + 1]) end
      end
    end
  end
  local own = redis.call('XRANGE', log, id(seq), id(seq))[1][2]
  for i = 1, #own, 2 do if own[i] == 'value' then value = own[i + 1] end end
  return {status, seq, value, lags}
end

if not sequence then
  local known = redis.call('HGET', ids, '@' .. identity)
  if known then return answer('known', tonumber(known)) end
  append(last + 1, value, meta, nil, 0)
  redis.call('HSET', ids, '@' .. identity, string.format('%d', last))
  return answer('new', last)
end

local done = tonumber(redis.call('HGET', order, 'sequence') or '0')

local function append_numbered(number, value, meta, gap)
  append(math.max(last + 1, number), value, meta, number, gap)
  redis.call('HSET', ids, '#' .. string.format('%d', number), string.format('%d', last))
  done = number
end

local function take_early(number, gap)
  local name = string.format('%d', number)
  local parked = redis.call('HGET', early, name)
  if not parked then return false end
  redis.call('HDEL', early, name)
  local cut = string.find(parked, '\\n', 1, true)
  append_numbered(number, string.sub(parked, 1, cut - 1), string.sub(parked, cut + 1), gap)
  return true
end

local name = string.format('%d', sequence)
if sequence <= done then
  local known = redis.call('HGET', ids, '#' .. name)
  if known and known ~= 'late' then return answer('known', tonumber(known)) end
  if not known then
    redis.call('XADD', late, 'MAXLEN', '~', most_late, '*', 'sequence', name, 'value', value, 'meta', meta)
    redis.call('HSET', ids, '#' .. name, 'late')
  end
  return {'late', 0, value, {}}
end

if sequence == done + 1 then
  redis.call('HDEL', early, name)
  append_numbered(sequence, value, meta, 0)
else
  if redis.call('HLEN', early) < most_early then
    redis.call('HSETNX', early, name, value .. '\\n' .. meta)
  end
  local since = tonumber(redis.call('HGET', order, 'waiting') or '0')
  if since == 0 then
    since = now
    redis.call('HSET', order, 'waiting', string.format('%d', now))
  end
  if now - since < patience then return {'early', done + 1, value, {}} end
  local smallest = sequence
  for _, waiting in ipairs(redis.call('HKEYS', early)) do smallest = math.min(smallest, tonumber(waiting)) end
  if not take_early(smallest, smallest - done - 1) then append_numbered(smallest, value, meta, smallest - done - 1) end
end
while take_early(done + 1, 0) do end

redis.call('HSET', order, 'sequence', string.format('%d', done))
if redis.call('HLEN', early) > 0 then
  redis.call('HSET', order, 'waiting', string.format('%d', now))
else
  redis.call('HDEL', order, 'waiting')
end
if sequence > done then return {'early', done + 1, value, {}} end
return answer('new', tonumber(redis.call('HGET', ids, '#' .. name)))
"""


@dataclass(frozen=True)
class Appended:
    """What became of an observation.

    Attributes
    ----------
    status
        ``new``, ``known`` (a repetition), ``early`` (it has to wait) or ``late`` (recorded as such, not learned).
    seq
        The observation's number in its series; of an early one the number that is waited for; 0 of a late one.
    value
        The value on record.
    past
        The values before it, newest first, as many as there were, at most the number of lags.
    """

    status: str
    seq: int
    value: float
    past: list[float]


@dataclass(frozen=True)
class Recorded:
    """One entry of the log."""

    seq: int
    value: float
    at_ms: int
    sequence: int | None = None
    gap: int = 0
    meta: Mapping[str, Any] = field(default_factory=dict)


class SeriesRecord:
    """The log of observations of every series."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._append = store.script(_APPEND)

    def append(
        self,
        series_id: str,
        value: float,
        *,
        identity: str,
        sequence: int | None,
        meta: Mapping[str, Any],
        n_lags: int,
        patience: float,
    ) -> Appended:
        """Append an observation, numbered, and read the lags before it: one atomic step.

        Parameters
        ----------
        identity
            Names the observation where there is no `sequence`: the same identity gets the same number.
        sequence
            The producer's number, which says the order.
        meta
            What else is known of the observation.
        patience
            Seconds that an early observation waits for those before it.
        """
        keys = [series_key(series_id, part) for part in ("log", "values", "ids", "order", "early", "late")]
        text = json.dumps(dict(meta), separators=(",", ":"))
        args = [identity, "" if sequence is None else sequence, repr(value), text, n_lags]
        reply = self._append(keys, [*args, int(patience * 1000), MOST_EARLY, MOST_LATE])
        status, seq, own, past = reply
        return Appended(status.decode(), int(seq), float(own), [float(item) for item in past])

    def last(self, series_id: str) -> int:
        """Return the number of the newest observation, 0 where there is none."""
        newest = self._store.call(self._store.client.xrevrange, series_key(series_id, "log"), count=1)
        return entry_number(newest[0][0]) if newest else 0

    def count(self, series_id: str) -> int:
        """Return how many observations there are."""
        return int(self._store.call(self._store.client.xlen, series_key(series_id, "log")))

    def read(self, series_id: str, first: int, last: int | str = "+", count: int | None = None) -> list[Recorded]:
        """Return the observations from number `first` to number `last`, oldest first."""
        log = series_key(series_id, "log")
        return [_recorded(*entry) for entry in self._store.call(self._store.client.xrange, log, first, last, count)]

    def before(self, series_id: str, seq: int, count: int) -> list[float]:
        """Return the `count` newest values before number `seq`, newest first."""
        log = series_key(series_id, "log")
        entries = self._store.call(self._store.client.xrevrange, log, f"({seq}-0", "-", count)
        return [float(fields[b"value"]) for _, fields in entries]


def _recorded(entry_id: bytes, fields: Mapping[bytes, bytes]) -> Recorded:
    sequence = fields.get(b"sequence")
    return Recorded(
        seq=entry_number(entry_id),
        value=float(fields[b"value"]),
        at_ms=int(fields[b"at"]),
        sequence=int(sequence) if sequence else None,
        gap=int(fields.get(b"gap", b"0")),
        meta=json.loads(fields[b"meta"]),
    )
