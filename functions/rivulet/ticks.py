"""What became of a tick: how whoever sent one, and got nothing but a 202, learns of its observation and predictions."""

from __future__ import annotations

import time
from typing import Any

from rivulet.errors import NotThere
from rivulet.reports import Reports
from rivulet.store import Store
from rivulet.store.cursor import Cursor
from rivulet.store.record import SeriesRecord

_LOOK_AGAIN = 0.05


class Ticks:
    """Follows ticks of the data set through the stages.

    Parameters
    ----------
    memory
        Seconds for which ingest remembers a tick.
    """

    def __init__(self, store: Store, reports: Reports, memory: int) -> None:
        self._cursor = Cursor(store, memory)
        self._record = SeriesRecord(store)
        self._reports = reports

    def follow(self, series_id: str, source: str, id: str, model: str | None, wait: float) -> dict[str, Any]:
        """Return what one stage made of a tick.

        Parameters
        ----------
        source, id
            The tick's attributes.
        model
            Whose prediction; None asks for the observation.
        wait
            Seconds to wait for it.

        Raises
        ------
        NotThere
            If it is not there.
        """
        deadline = time.monotonic() + wait
        while True:
            sequence = self._cursor.answered(series_id, f"{source}\n{id}")
            if sequence == 0:
                return {"status": "exhausted", "series_id": series_id}
            seq = self._record.numbered(series_id, sequence) if sequence else None
            if seq or time.monotonic() >= deadline:
                break
            time.sleep(_LOOK_AGAIN)
        if not sequence:
            raise NotThere(f"ingest has not answered a tick {id!r} of {source!r} for series {series_id!r}")
        if not seq:
            raise NotThere(f"features has not recorded observation {sequence} of series {series_id!r}")
        run = self._reports.run(series_id, seq, max(0.0, deadline - time.monotonic()) if model else 0)
        return _stage(run, model)


def _stage(run: dict[str, Any], model: str | None) -> dict[str, Any]:
    which = {"series_id": run["series_id"], "seq": run["seq"]}
    if model is None:
        return {"status": "observed", **which, **run["observation"]}
    for stage in run["models"]:
        if stage["model"] == model:
            return {"status": "predicted", **which, **stage}
    letters = "; ".join(str(letter["reason"]) for letter in run["dead_letters"])
    raise NotThere(
        f"model {model!r} has not predicted observation {run['seq']} of series {run['series_id']!r}"
        + (f"; dead letters: {letters}" if letters else "")
    )
