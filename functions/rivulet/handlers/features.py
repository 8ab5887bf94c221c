"""features: numbers an observation, and makes the lags before it a feature vector."""

from __future__ import annotations

import uuid
from typing import Any

from rivulet import events, tally
from rivulet.errors import Detour, Invalid, Problem, TryAgain
from rivulet.events import Event
from rivulet.fallback import Fallback
from rivulet.fields import Fields, short_text
from rivulet.lags import lag_vector, named
from rivulet.logs import log, remark
from rivulet.routes import Call, Route
from rivulet.settings import Settings
from rivulet.store import Store
from rivulet.store.record import Appended, SeriesRecord

_EVENT_FIELDS = ("series_id", "value", "time", "observation_id", "input")


class FeaturesHandler:
    """The way of an observation into the record of its series."""

    def __init__(self, settings: Settings, store: Store) -> None:
        self._settings = settings
        self._record = SeriesRecord(store, settings.record_keep)
        self._fallback = Fallback(self._record, store, settings.n_lags)
        self.routes = [
            Route("POST", "/add", self.add),
            Route("GET", "/info", self.info),
            Route("GET", "/health", self.health),
        ]

    def close(self) -> None:
        """Hand over what is only in memory: the process is told to stop."""
        self._fallback.close()

    def add(self, call: Call) -> dict[str, Any]:
        """Add a value; from memory while Redis is away."""
        body = Fields(call.json(), ("series_id", "value"))
        series_id, value = body.series_id("default"), body.number("value")
        key = call.headers.get("idempotency-key")
        identity = f"call\n{short_text(key, 'Idempotency-Key') if key is not None else uuid.uuid4().hex}"
        added = self._fallback.add(series_id, value, identity)
        if added.appended.value != value:
            raise Invalid("header 'Idempotency-Key' was used before, with another body")
        return {
            "series_id": series_id,
            "features": self._named(added.appended),
            "target": added.appended.value,
            "available_lags": len(added.appended.past),
            "seq": added.appended.seq,
            "storage": added.storage,
        }

    def info(self, call: Call) -> dict[str, Any]:
        """Say what comes out."""
        n_lags = self._settings.n_lags
        output = f"model_ready_in_1_to_in_{n_lags}"
        return {"service": "feature_service", "max_lags": n_lags, "output_format": output}

    def health(self, call: Call) -> dict[str, Any]:
        """Say that the function serves."""
        return {"status": "healthy", "service": "feature_service"}

    def receive(self, event: Event) -> Event | None:
        """Answer an observation with its features; a repeated one with the same."""
        series_id, value, how = self._observation(event)
        self._fallback.hand_over()
        return self._answer(event, series_id, self._record.append(series_id, value, **how))

    async def express(self, event: Event) -> Event | None:
        """Do the same on the event loop."""
        if self._fallback.holds:
            raise Detour
        try:
            series_id, value, how = self._observation(event)
            return self._answer(event, series_id, await self._record.append_sent(series_id, value, **how))
        except Problem:
            raise Detour from None

    def _observation(self, event: Event) -> tuple[str, float, dict[str, Any]]:
        """Return series, value, and how it is appended."""
        if event.type != events.OBSERVATION:
            raise Invalid(f"attribute 'type' is {event.type!r}; features answers {events.OBSERVATION}")
        body = Fields(event.data, _EVENT_FIELDS, "the observation")
        series_id, value = body.series_id(), body.number("value")
        meta = {name: body.text(name) for name in ("time", "input") if name in body}
        if "observation_id" in body:
            observation_id = body.required("observation_id")
            plain = isinstance(observation_id, int) and not isinstance(observation_id, bool)
            meta["observation_id"] = str(observation_id) if plain else body.text("observation_id")
        meta["event_id"], meta["event_source"] = event.id, event.source
        if trace := event.trace_id:
            meta["trace_id"] = trace
        how: dict[str, Any] = {"identity": event.identity, "sequence": event.sequence, "meta": meta}
        how |= {"n_lags": self._settings.n_lags, "patience": self._settings.sequence_patience}
        return series_id, value, how

    def _answer(self, event: Event, series_id: str, appended: Appended) -> Event | None:
        if appended.status == "early":
            raise TryAgain(
                f"attribute 'sequence' is {event.sequence}, but {appended.seq} of {series_id!r} has not come yet",
                retry_after=1,
            )
        if appended.status == "late":
            log.warning("series %s: sequence %s came after its gap was closed", series_id, event.sequence)
            tally.count("late")
            remark(outcome="late")
            return None
        if appended.status == "known":
            tally.count("duplicates")
            remark(outcome="duplicate")
        data = {
            "series_id": series_id,
            "seq": appended.seq,
            "features": self._named(appended),
            "target": appended.value,
            "available_lags": len(appended.past),
        }
        return event.derive(events.FEATURES, self._settings.service, series_id, appended.seq, data)

    def _named(self, appended: Appended) -> dict[str, float]:
        return named(lag_vector(appended.past, self._settings.n_lags))
