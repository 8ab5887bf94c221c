"""ingest: the next observation, from the data set or from a live price."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rivulet import events, fields
from rivulet.coinbase import Coinbase
from rivulet.dataset import Row
from rivulet.errors import Detour, Invalid, NotThere, Problem
from rivulet.events import Event
from rivulet.fields import Fields
from rivulet.routes import Call, Route
from rivulet.settings import Settings
from rivulet.store import Store
from rivulet.store.cursor import Cursor, Taken

CSV = "csv"


class IngestHandler:
    """The source of observations. Its only state, the cursor, is in Redis.

    Parameters
    ----------
    rows
        The data set.
    """

    wakes = ()

    def __init__(self, settings: Settings, store: Store, rows: Sequence[Row]) -> None:
        self._settings = settings
        self._rows = rows
        self._cursor = Cursor(store, settings.call_memory)
        self._coinbase = Coinbase(settings.coinbase_url)
        self.routes = [
            Route("GET", "/next", self.next),
            Route("GET", "/next/<crypto>", self.quote),
            Route("POST", "/reset", self.reset),
            Route("GET", "/status", self.status),
            Route("GET", "/health", self.health),
        ]

    def next(self, call: Call) -> dict[str, Any] | None:
        """Return the next observation; nothing when there is none left."""
        taken = self._cursor.take(self._settings.series_id, len(self._rows))
        if not taken.row:
            return None
        row = self._rows[taken.row - 1]
        remaining = len(self._rows) - taken.row
        return {"observation_id": taken.row, "input": row.label, "target": row.value, "remaining": remaining}

    def quote(self, call: Call) -> dict[str, Any]:
        """Return a live price."""
        symbol = call.path["crypto"].upper()
        price = self._coinbase.spot(symbol)
        return {"observation_id": f"{symbol}_live", "input": symbol, "target": price, "remaining": "live"}

    def reset(self, call: Call) -> dict[str, Any]:
        """Begin the data set anew."""
        self._cursor.reset(self._settings.series_id)
        return {"message": "the data set begins anew", **self.status(call)}

    def status(self, call: Call) -> dict[str, Any]:
        """Return how far the data set is."""
        total = len(self._rows)
        index = min(self._cursor.index(self._settings.series_id), total)
        remaining = total - index
        return {
            "current_index": index,
            "total_observations": total,
            "remaining": remaining,
            "completed": remaining == 0,
        }

    def health(self, call: Call) -> dict[str, Any]:
        """Say that the function serves."""
        return {"status": "healthy", "total_observations": len(self._rows)}

    def receive(self, event: Event) -> Event | None:
        """Answer a tick with an observation, the same tick always with the same."""
        source, series_id = self._asked(event)
        if source == CSV:
            taken = self._cursor.take(series_id, len(self._rows), event.identity)
            return self._row_event(event, series_id, taken)
        return self._price_event(event, source, series_id)

    async def express(self, event: Event) -> Event | None:
        """Do the same on the event loop, for a row of the data set."""
        try:
            source, series_id = self._asked(event)
        except Problem:
            raise Detour from None
        if source != CSV:
            raise Detour
        return self._row_event(
            event, series_id, await self._cursor.take_sent(series_id, len(self._rows), event.identity)
        )

    def _asked(self, tick: Event) -> tuple[str, str]:
        """Return what a tick asks for, and the series that it is for."""
        if tick.type != events.TICK:
            raise Invalid(f"attribute 'type' is {tick.type!r}; ingest answers {events.TICK}")
        body = Fields({} if tick.data is None else tick.data, ("source",), "the tick")
        source = body.text("source", CSV) or CSV
        subject = tick.extensions.get("subject")
        series = fields.series_id(subject, "subject") if subject else None
        if source == CSV:
            return CSV, series or self._settings.series_id
        return source.upper(), series or source.upper()

    def _row_event(self, tick: Event, series_id: str, taken: Taken) -> Event | None:
        if not taken.row:
            return None
        row = self._rows[taken.row - 1]
        data = {"series_id": series_id, "value": row.value, "observation_id": str(taken.row)}
        if row.label:
            data |= {"time": row.label, "input": row.label}
        return tick.derive(events.OBSERVATION, self._settings.service, series_id, taken.sequence, data)

    def _price_event(self, tick: Event, symbol: str, series_id: str) -> Event:
        known = self._cursor.quoted(series_id, tick.identity)
        if known is None:
            try:
                price = self._coinbase.spot(symbol)
            except NotThere as problem:  # a 404 would be retried, and the pair would still not be there
                raise Invalid(f"field 'source': {problem.sentence}") from None
            known = self._cursor.quote(series_id, tick.identity, price)
        data = {"series_id": series_id, "value": known["price"], "observation_id": f"{symbol}_{known['sequence']}"}
        data["input"] = symbol
        return tick.derive(events.OBSERVATION, self._settings.service, series_id, known["sequence"], data)
