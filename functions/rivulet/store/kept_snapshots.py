"""A model's snapshots, as Redis keeps them, and where the journals begin that were trimmed behind them."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import msgspec

from rivulet.store.connection import Store, model_key
from rivulet.totals import Totals

_KEEP = (Path(__file__).parent / "keep_snapshot.lua").read_text("utf-8")

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Totals).decode


class Kept(NamedTuple):
    """The newest snapshot of a series, and the totals where its trimmed journal begins."""

    snapshot: bytes | None
    base: Totals | None


class KeptSnapshots:
    """The snapshots of one model, for every series.

    Parameters
    ----------
    model
        The definition's name.
    """

    def __init__(self, store: Store, model: str) -> None:
        self._store = store
        self._model = model
        self._keep = store.script(_KEEP)

    def of(self, series_id: str) -> Kept:
        """Return what a state can be folded from, beside the lessons: one round trip."""
        pipeline = self._store.client.pipeline(transaction=False)
        pipeline.get(model_key(self._model, series_id, "snapshot"))
        pipeline.hget(model_key(self._model, series_id, "kept"), "base")
        snapshot, base = self._store.call(pipeline.execute)
        return Kept(snapshot, _decode(base) if base else None)

    def keep(self, series_id: str, envelope: bytes, totals: Totals, lessons: int) -> None:
        """Replace the snapshot, unless there is a newer one, and trim the journal behind it.

        Parameters
        ----------
        totals
            Of the lessons up to the snapshot's newest.
        lessons
            How many of them to leave behind a snapshot, at least; 0 for all.
        """
        keys = [model_key(self._model, series_id, part) for part in ("snapshot", "journal", "kept")]
        self._keep(keys, [envelope, totals.n, totals.token, _encode(totals), lessons])
