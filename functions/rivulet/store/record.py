"""The record of a series: its numbered log of observations, and the scripts that keep it in order."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from rivulet.store.aside import Aside
from rivulet.store.connection import Store, entry_number, series_key
from rivulet.store.lane import surely

MOST_EARLY = 1000  # observations of a series that are kept for when their turn comes
MOST_LATE = 1000

_APPEND = (Path(__file__).parent / "append_observation.lua").read_text("utf-8")
_VALUES = (Path(__file__).parent / "values.lua").read_text("utf-8")


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


class Value(NamedTuple):
    """An observation's number and value."""

    seq: int
    value: float


_encode = msgspec.json.Encoder().encode
_decode_values = msgspec.json.Decoder(list[Value]).decode


class SeriesRecord:
    """The log of observations of every series.

    Parameters
    ----------
    keep
        How many observations of a series stay, at least; 0 for all. What an observation was known by is forgotten
        with it: the same sequence is late then, and the same identity another observation.
    """

    def __init__(self, store: Store, keep: int = 0) -> None:
        self._store = store
        self._keep = keep
        self._append = store.script(_APPEND)
        self._values = store.script(_VALUES)

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
        return _appended(self._append(*self._arguments(series_id, value, identity, sequence, meta, n_lags, patience)))

    async def append_sent(
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
        """Do the same from the event loop.

        Raises
        ------
        Detour
            If Redis has not surely done it. It may be done again, to the same effect.
        """
        sent = self._append.sent(*self._arguments(series_id, value, identity, sequence, meta, n_lags, patience))
        return _appended(await surely(sent))

    def _arguments(
        self,
        series_id: str,
        value: float,
        identity: str,
        sequence: int | None,
        meta: Mapping[str, Any],
        n_lags: int,
        patience: float,
    ) -> tuple[list[str], list[Any]]:
        keys = [series_key(series_id, part) for part in ("log", "values", "ids", "order", "early", "late")]
        text = _encode(meta)
        args = [identity, "" if sequence is None else sequence, repr(value), text, n_lags]
        return keys, [*args, int(patience * 1000), MOST_EARLY, MOST_LATE, self._keep]

    def numbered(self, series_id: str, sequence: int) -> int | None:
        """Return an observation's number in the series by the producer's; None if it is not there, or came too late."""
        known = self._store.call(self._store.client.hget, series_key(series_id, "ids"), f"#{sequence}")
        return int(known) if known and known != b"late" else None

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

    def values(self, series_id: str, first: int, count: int, last: int | str = "+") -> list[Value]:
        """Return numbers and values of the same observations, at most `count`: all that a fold needs of them."""
        return _decode_values(self._values(_log(series_id), [first, last, count]))

    def values_begun(
        self, aside: Aside, series_id: str, first: int, count: int, last: int | str = "+"
    ) -> Callable[[], list[Value]]:
        """Do the same with what else is under way; what is returned waits for them."""
        begun = aside.send(self._values, _log(series_id), [first, last, count])
        return lambda: _decode_values(begun.answer())

    def before(self, series_id: str, seq: int, count: int) -> list[float]:
        """Return the `count` newest values before number `seq`, newest first."""
        log = series_key(series_id, "log")
        entries = self._store.call(self._store.client.xrevrange, log, f"({seq}-0", "-", count)
        return [float(fields[b"value"]) for _, fields in entries]


def _log(series_id: str) -> list[str]:
    return [series_key(series_id, "log")]


def _appended(reply: Sequence[Any]) -> Appended:
    status, seq, own, past = reply
    return Appended(status.decode(), int(seq), float(own), [float(item) for item in past])


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
