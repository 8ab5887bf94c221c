"""Backfill: a model that is behind learns a series from its record, up to the newest observation."""

from __future__ import annotations

import uuid
from typing import Any

from rivulet import events
from rivulet.broker import Broker
from rivulet.errors import NotThere
from rivulet.events import Event
from rivulet.lags import lag_vector, named
from rivulet.store import Store
from rivulet.store.record import SeriesRecord


class Backfill:
    """Sends the features of a series' newest observation once more: who has learned it answers from the journal.

    Parameters
    ----------
    n_lags
        How many past values a feature vector has.
    """

    def __init__(self, store: Store, broker: Broker, n_lags: int) -> None:
        self._record = SeriesRecord(store)
        self._broker = broker
        self._n_lags = n_lags

    def start(self, series_id: str) -> dict[str, Any]:
        """Send the event.

        Raises
        ------
        NotThere
            If there is no such series.
        """
        seq = self._record.last(series_id)
        newest = self._record.read(series_id, seq, seq) if seq else []
        if not newest:
            raise NotThere(f"there is no series {series_id!r}")
        past = self._record.before(series_id, seq, self._n_lags)
        data = {
            "series_id": series_id,
            "seq": seq,
            "features": named(lag_vector(past, self._n_lags)),
            "target": newest[0].value,
            "available_lags": len(past),
        }
        extensions = {"subject": series_id, "partitionkey": series_id, "sequence": str(seq)}
        self._broker.send(Event(str(uuid.uuid4()), "/rivulet/backfill", events.FEATURES, data, extensions))
        return {"series_id": series_id, "seq": seq}
