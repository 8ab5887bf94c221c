"""A model's journal: appending to it is the lock, reading it is the truth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rivulet.lessons import Lesson
from rivulet.store.aside import Aside, Begun
from rivulet.store.connection import Store, entry_number, model_key
from rivulet.straight import Pending

_COMMIT = (Path(__file__).parent / "commit_lessons.lua").read_text("utf-8")

# Shows what a state knows, if the journal ends with the lesson that the state ends with.
_SHOW = """
local newest = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)[1]
if not newest or newest[1] ~= ARGV[1] .. '-0' then return 0 end
for i = 1, #newest[2], 2 do
  if newest[2][i] == 'token' and newest[2][i + 1] ~= ARGV[2] then return 0 end
end
local clock = redis.call('TIME')
local now = string.format('%d', clock[1] * 1000 + math.floor(clock[2] / 1000))
redis.call('HSET', KEYS[2], 'updated_ms', now, unpack(ARGV, 3))
return 1
"""

_PAGE = 500

Metrics = Mapping[str, str | bytes]


@dataclass(frozen=True)
class Call:
    """An ``Idempotency-Key`` with what it was first used for."""

    key: str
    body_digest: str
    memory: int


class Journal:
    """The journal and metrics of one model, for every series.

    Parameters
    ----------
    model
        The definition's name.
    """

    def __init__(self, store: Store, model: str) -> None:
        self._store = store
        self._model = model
        self._commit = store.script(_COMMIT)
        self._show = store.script(_SHOW)

    def _key(self, series_id: str, part: str) -> str:
        return model_key(self._model, series_id, part)

    def commit(
        self,
        series_id: str,
        base: tuple[int, str],
        lessons: Sequence[Lesson],
        metrics: Metrics,
        call: Call | None = None,
        state: str | None = None,
    ) -> bool:
        """Append lessons, and what they make of the metrics, in one atomic step.

        Parameters
        ----------
        base
            Number and token of the lesson that the first of them follows.
        metrics
            May be empty: those that there are stay.
        call
            Remembered with the last lesson's number; with a key that was used before nothing is appended.
        state
            Kept with the lessons, for a state that is small enough to be written with each; not beside a `call`.

        Returns
        -------
        bool
            Whether the lessons were appended.
        """
        keys, kept = self._keys(series_id), (0, "")
        if call:
            keys.append(self._key(series_id, f"call:{call.key}"))
            kept = (max(1, call.memory), f"{call.body_digest} {lessons[-1].n}")
        elif state is not None:
            keys.append(self._key(series_id, "state"))
            kept = (0, state)
        return bool(self._commit(keys, _arguments(base, kept, metrics, lessons)))

    def commit_sent(self, series_id: str, base: tuple[int, str], lesson: Lesson, metrics: Metrics) -> Pending[int]:
        """Do the same with one lesson from the event loop; what is sent in turn is done in this order."""
        return self._commit.sent(self._keys(series_id), _arguments(base, (0, ""), metrics, [lesson]))

    def commit_begun(
        self, aside: Aside, series_id: str, base: tuple[int, str], lessons: Sequence[Lesson], metrics: Metrics
    ) -> Begun:
        """Do the same with what else is under way; the answer is 1 if the lessons were appended, else 0."""
        return aside.send(self._commit, self._keys(series_id), _arguments(base, (0, ""), metrics, lessons))

    def show(self, series_id: str, newest: tuple[int, str], metrics: Metrics) -> None:
        """Replace the metrics, if the journal ends with the lesson of this number and token."""
        self._show(self._keys(series_id), [*newest, *_pairs(metrics)])

    def _keys(self, series_id: str) -> list[str]:
        return [self._key(series_id, "journal"), self._key(series_id, "metrics")]

    def answered(self, series_id: str, key: str) -> tuple[str, int] | None:
        """Return the body's digest and the lesson's number of a call that was answered before."""
        known = self._store.call(self._store.client.get, self._key(series_id, f"call:{key}"))
        if known is None:
            return None
        digest, _, n = known.decode().partition(" ")
        return digest, int(n)

    def read(self, series_id: str, first: int, last: int | str = "+", count: int = _PAGE) -> list[Lesson]:
        """Return the lessons from number `first` on, oldest first, at most `count`."""
        return [lesson for lesson, _ in self.read_timed(series_id, first, last, count)]

    def read_timed(
        self, series_id: str, first: int, last: int | str = "+", count: int = _PAGE
    ) -> list[tuple[Lesson, int]]:
        """Return lessons with the time of their append, in milliseconds since 1970."""
        journal = self._key(series_id, "journal")
        entries = self._store.call(self._store.client.xrange, journal, first, last, count)
        return [(_lesson(entry_id, fields), int(fields[b"at"])) for entry_id, fields in entries]

    def last(self, series_id: str) -> Lesson | None:
        """Return the newest lesson."""
        entries = self._store.call(self._store.client.xrevrange, self._key(series_id, "journal"), count=1)
        return _lesson(*entries[0]) if entries else None

    def begins_after(self, series_id: str, seq: int) -> bool:
        """Whether the lesson of observation `seq`, if there was one, was trimmed."""
        oldest = self.read(series_id, 1, count=1)
        return bool(oldest) and oldest[0].n > 1 and oldest[0].top > seq

    def find(self, series_id: str, seq: int) -> int | None:
        """Return the number of the first lesson that reaches observation `seq`, ``None`` if none does.

        Where there were neither direct lessons nor gaps, the lesson's number is the observation's: that is tried
        first. Otherwise the lessons are bisected.
        """
        guess = self.read(series_id, max(1, seq - 1), seq, 2)
        tops = {lesson.n: lesson.top for lesson in guess}
        if tops.get(seq) == seq and tops.get(seq - 1, 0) < seq:
            return seq
        newest, oldest = self.last(series_id), self.read(series_id, 1, count=1)
        if newest is None or newest.top < seq:
            return None
        low, high = oldest[0].n, newest.n
        while low < high:
            middle = (low + high) // 2
            found = self.read(series_id, middle, middle, 1)
            if found and found[0].top >= seq:
                high = middle
            else:
                low = middle + 1
        return low

    def state(self, series_id: str) -> str | None:
        """Return the state that the newest commit kept."""
        kept: bytes | None = self._store.call(self._store.client.get, self._key(series_id, "state"))
        return None if kept is None else kept.decode()

    def erase(self, series_id: str) -> None:
        """Remove what the model knows of a series, to begin anew."""
        keys = [self._key(series_id, part) for part in ("journal", "metrics", "state", "snapshot", "kept")]
        self._store.call(self._store.client.unlink, *keys)

    def trim(self, series_id: str, keep: int) -> None:
        """Trim a journal that nothing is folded from to its newest lessons, and a few more."""
        self._store.call(self._store.client.xtrim, self._key(series_id, "journal"), maxlen=keep, approximate=True)

    def metrics(self, series_id: str) -> dict[str, str]:
        """Return the metrics that the newest lesson left, empty for an unknown series."""
        found = self._store.call(self._store.client.hgetall, self._key(series_id, "metrics"))
        return _text(found)

    def all_metrics(self) -> dict[str, dict[str, str]]:
        """Return the metrics of each series that the model knows."""
        series = self.series()
        pipeline = self._store.client.pipeline(transaction=False)
        for series_id in series:
            pipeline.hgetall(self._key(series_id, "metrics"))
        found = self._store.call(pipeline.execute) if series else []
        return {series_id: _text(metrics) for series_id, metrics in zip(series, found, strict=True) if metrics}

    def newest(self) -> str | None:
        """Return the series that was put away last, if one was."""
        series_id = self._store.call(self._store.client.get, f"model:{self._model}:newest")
        return series_id.decode() if series_id else None

    def note_newest(self, series_id: str) -> None:
        """Note that a series was worked on last: the next process is likely to be asked about it."""
        self._store.call(self._store.client.set, f"model:{self._model}:newest", series_id)

    def enlist(self, series_id: str) -> None:
        """Add a series to those that the model knows."""
        self._store.call(self._store.client.sadd, f"model:{self._model}:series", series_id)

    def series(self) -> list[str]:
        """Return the series that the model knows."""
        members = self._store.call(self._store.client.smembers, f"model:{self._model}:series")
        return sorted(member.decode() for member in members)


def _arguments(base: tuple[int, str], kept: tuple[int, str], metrics: Metrics, lessons: Sequence[Lesson]) -> list[Any]:
    arguments = [*base, *kept, 2 * len(metrics), *_pairs(metrics)]
    for lesson in lessons:
        arguments += lesson.token, lesson.encode()
    return arguments


def _pairs(metrics: Metrics) -> list[str | bytes]:
    return [item for pair in metrics.items() for item in pair]


def _text(found: Mapping[bytes, bytes]) -> dict[str, str]:
    return {name.decode(): value.decode() for name, value in found.items()}


def _lesson(entry_id: bytes, fields: Mapping[bytes, bytes]) -> Lesson:
    return Lesson.decode(entry_number(entry_id), fields[b"token"].decode(), fields[b"lesson"])
