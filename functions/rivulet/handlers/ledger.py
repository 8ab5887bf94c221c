"""ledger: what became of each observation, how good the models are, and what could not be delivered."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from rivulet import events, latency, tally
from rivulet.afterwards import Afterwards
from rivulet.backfill import Backfill
from rivulet.bodies import prediction_of
from rivulet.broker import Broker
from rivulet.champion import NAME as CHAMPION
from rivulet.deadletters import DeadLetters
from rivulet.errors import Conflict, Detour, Invalid, NotThere, OutOfReach, TryAgain
from rivulet.events import Event
from rivulet.fields import MOST_SEQ, Fields, number, series_id, short_text
from rivulet.logs import remark
from rivulet.reports import Reports
from rivulet.routes import Call, Route
from rivulet.settings import Settings
from rivulet.store import Store
from rivulet.store.notes import Arrival, Notes
from rivulet.ticks import Ticks

_PREDICTION_FIELDS = ("series_id", "seq", "model", "prediction", "target", "error", "forecast", "n", "duration_ms")
_LONGEST_WAIT = 30
_MOST_WAITING = 16  # half of the threads: the other half goes on taking in what is waited for
_PAGE = 1000
_CROWN_EVERY = 1.0  # seconds; who asks for the champion has it brought up to date anyway


class LedgerHandler:
    """The end of an observation's way, and the dead-letter sink."""

    def __init__(self, settings: Settings, store: Store) -> None:
        self._settings = settings
        self._notes = Notes(store)
        broker = Broker(settings.broker_url)
        self._dead_letters = DeadLetters(self._notes, broker)
        self._backfill = Backfill(store, broker, settings.n_lags)
        self._waiting = threading.BoundedSemaphore(_MOST_WAITING)
        self._reports = Reports(store, self._notes, self._dead_letters, settings)
        self._complete: set[str] = set()
        self._crowning = threading.Lock()
        self._crown = Afterwards(self.after_answer, _CROWN_EVERY)
        self._ticks = Ticks(store, self._reports, settings.call_memory)
        self.routes = [
            Route("GET", "/ticks/<path:id>", self.tick, ("source", "series_id", "model", "wait")),
            Route("GET", "/runs/<series_id>/<seq>", self.run, ("wait",)),
            Route("GET", "/predictions", self.predictions, ("series_id", "model", "from", "to")),
            Route("GET", "/leaderboard", self.leaderboard, ("series_id",)),
            Route("GET", "/forecast", self.forecast, ("series_id",)),
            Route("GET", "/deadletters", self.dead_letters, ("series_id", "after")),
            Route("POST", "/deadletters", self.bury),
            Route("POST", "/deadletters/replay", self.replay),
            Route("POST", "/series/<series_id>/backfill", self.backfill),
            Route("DELETE", "/series/<series_id>", self.remove),
            Route("GET", "/health", self.health),
        ]

    def run(self, call: Call) -> dict[str, Any]:
        """Return the way of one observation; with ``wait``, once every model predicted it."""
        text = call.path["seq"]
        if not (text.isascii() and text.isdigit() and len(text) < 15 and 1 <= int(text) <= MOST_SEQ):
            raise Invalid(f"the observation's number must be a whole number from 1 to {MOST_SEQ}")
        wait = call.count("wait", 0, _LONGEST_WAIT, 0)
        series, seq = series_id(call.path["series_id"]), int(text)
        return self._patiently(wait, lambda patience: self._reports.run(series, seq, patience))

    def tick(self, call: Call) -> dict[str, Any]:
        """Return what one stage made of a tick: the observation, or a model's prediction."""
        id, source = short_text(call.path["id"], "id"), short_text(call.argument("source"), "source")
        series = series_id(call.argument("series_id", self._settings.series_id))
        model = call.query.get("model")
        if model is not None and model not in self._settings.models:
            raise Invalid(f"query parameter 'model' must be one of {', '.join(self._settings.models)}")
        wait = call.count("wait", 0, _LONGEST_WAIT, 0)
        return self._patiently(wait, lambda patience: self._ticks.follow(series, source, id, model, patience))

    def _patiently(self, wait: int, answer: Callable[[float], dict[str, Any]]) -> dict[str, Any]:
        """Answer what may take a while, as long as that leaves threads for what is waited for."""
        if not wait:
            return answer(0)
        if not self._waiting.acquire(blocking=False):
            raise TryAgain(f"{_MOST_WAITING} calls wait already", retry_after=1)
        try:
            return answer(min(wait, self._settings.longest_wait))
        finally:
            self._waiting.release()

    def predictions(self, call: Call) -> dict[str, Any]:
        """Return what a model predicted, in order."""
        series, model = series_id(call.argument("series_id", "default")), call.argument("model")
        if model not in (*self._settings.models, CHAMPION):
            raise Invalid(f"query parameter 'model' must be one of {', '.join(self._settings.models)}, {CHAMPION}")
        first, last = call.count("from", 1, MOST_SEQ, 1), call.count("to", 1, MOST_SEQ, MOST_SEQ)
        if last < first:
            raise Invalid("query parameter 'to' must not be less than 'from'")
        return self._reports.predictions(series, model, first, last, _PAGE)

    def leaderboard(self, call: Call) -> dict[str, Any]:
        """Return how good models, baselines and their combination are, best first."""
        series = series_id(call.argument("series_id", "default"))
        board = self._reports.leaderboard(series)
        if board is None:
            raise NotThere(f"there is no series {series!r}")
        return board

    def forecast(self, call: Call) -> dict[str, Any]:
        """Return what the champion expects next."""
        series = series_id(call.argument("series_id", "default"))
        forecast = self._reports.forecast(series)
        if forecast is None:
            raise NotThere(f"the models have predicted nothing of series {series!r} yet")
        return forecast

    def dead_letters(self, call: Call) -> dict[str, Any]:
        """Return what could not be delivered, oldest first."""
        series = call.query.get("series_id")
        after = call.argument("after", "-")
        return self._dead_letters.page(None if series is None else series_id(series), after)

    def bury(self, call: Call) -> tuple[int, dict[str, Any]]:
        """Take in a dead letter."""
        event = events.parse(call.headers, call.body)
        new = self._bury(event)
        return 202, {"kept": new}

    def _bury(self, event: Event) -> bool:
        new = self._dead_letters.bury(event)
        if new:
            tally.count("dead_letters")
        remark(outcome="dead letter")
        return new

    def replay(self, call: Call) -> dict[str, Any]:
        """Send the dead letters to the Broker again; a body may name one series."""
        body = Fields(call.json() if call.body else {}, ("series_id",))
        series = body.series_id() if "series_id" in body else None
        return self._dead_letters.replay(series)

    def backfill(self, call: Call) -> tuple[int, dict[str, Any]]:
        """Have every model that is behind learn a series up to its newest observation."""
        return 202, self._backfill.start(series_id(call.path["series_id"]))

    def remove(self, call: Call) -> None:
        """Remove all that is known of a series."""
        series = series_id(call.path["series_id"])
        if not self._notes.remove_series(series, (*self._settings.models, CHAMPION)):
            raise NotThere(f"there is no series {series!r}")

    def health(self, call: Call) -> dict[str, Any]:
        """Say that the function serves."""
        return {"status": "healthy", "service": "ledger"}

    def receive(self, event: Event) -> None:
        """Note a prediction's arrival; keep a dead letter that comes the same way."""
        if event.is_dead_letter:
            self._bury(event)
            return
        if event.type != events.PREDICTION:
            raise Invalid(f"attribute 'type' is {event.type!r}; ledger takes {events.PREDICTION}")
        series, seq, model, n = self._prediction(event)
        self._note(event, series, self._notes.arrived(series, seq, model, n, _note(event)), model)

    async def express(self, event: Event) -> None:
        """Do the same on the event loop, with a prediction."""
        if event.type != events.PREDICTION or event.is_dead_letter:
            raise Detour
        series, seq, model, n = prediction_of(event.data)
        self._note(event, series, await self._notes.arrived_sent(series, seq, model, n, _note(event)), model)
        if self._complete:
            self._crown.due()

    def after_answer(self) -> None:
        """Let the champion take in the observations that every model has predicted."""
        with self._crowning:
            complete, self._complete = self._complete, set()
            for series in complete:
                with suppress(OutOfReach, Conflict):  # it takes them in with the next, or when somebody asks
                    self._reports.crown(series)

    def _prediction(self, event: Event) -> tuple[str, int, str, int]:
        """Return series, observation's number, model and lesson's number."""
        body = Fields(event.data, _PREDICTION_FIELDS, "the prediction")
        model = short_text(body.required("model"), "model")
        for name in ("prediction", "target"):
            number(body.required(name), name)
        return body.series_id(), body.integer("seq", 1, MOST_SEQ), model, body.integer("n", 1, MOST_SEQ, 1)

    def _note(self, event: Event, series: str, arrival: Arrival, model: str) -> None:
        if arrival.count >= len(self._settings.models):
            self._complete.add(series)
        if arrival.new:
            latency.measure(arrival, event.extensions.get(events.TICK_TIME))
        else:
            tally.count("duplicates")
            remark(outcome="duplicate")
        remark(model=model)


def _note(event: Event) -> dict[str, Any]:
    return {"event_id": event.id, "traceparent": event.extensions.get("traceparent")}
