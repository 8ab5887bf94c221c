"""model: one model's predictions and lessons."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import msgspec

from rivulet import events
from rivulet.answer import Answer, json_answer
from rivulet.bodies import lesson_of, read_lesson
from rivulet.early import Early
from rivulet.errors import Conflict, Detour, Invalid, NotThere
from rivulet.events import Event
from rivulet.fields import MOST_SEQ, SERIES_ID, Fields, features, series_id, short_text
from rivulet.keeping import Keeping
from rivulet.learner import Learner
from rivulet.lessons import Lesson
from rivulet.models import definition
from rivulet.pipeline import Pipeline
from rivulet.routes import Call, Route, Text
from rivulet.settings import Settings
from rivulet.shelf import Shelf
from rivulet.snapshots import Snapshots
from rivulet.states import States
from rivulet.store import Store
from rivulet.store.journal import Call as KeyedCall
from rivulet.store.journal import Journal
from rivulet.store.kept_snapshots import KeptSnapshots

_FEATURES_FIELDS = ("series_id", "seq", "features", "target", "available_lags")
_MOST_STEPS = 100
_DEFAULT_STEPS = 5
_UNLISTED = ("seq", "updated_ms")
_encode = msgspec.json.Encoder().encode


class ModelHandler:
    """The way of features into a model, and of its forecasts out of it."""

    def __init__(self, settings: Settings, store: Store) -> None:
        self._settings = settings
        self._journal = Journal(store, settings.model_name)
        kept = KeptSnapshots(store, settings.model_name)
        early = Early(self._journal, kept)
        self._model = definition(settings.model_name)
        snapshots = Snapshots(self._model, settings.snapshot_key)
        steps, keep = settings.forecast_steps, settings.journal_keep
        keeping = Keeping(kept, snapshots, keep)
        states = States(self._model, self._journal, kept, snapshots, keeping, steps, settings.seasons, early)
        self._shelf = Shelf(states, settings.cached_series)
        self._learner = Learner(self._model, store, self._journal, self._shelf, steps)
        self._lane = store.lane
        self._pipeline = Pipeline(self._learner, self._journal, self._shelf, lambda: self._lane.open, steps)
        self.express_calls = {"/predict_learn": self.express_predict_learn}
        self.routes = [
            Route("POST", "/predict_learn", self.predict_learn),
            Route("POST", "/predict_many", self.predict_many),
            Route("GET", "/forecast", self.forecast, ("series_id", "steps")),
            Route("GET", "/model_metrics", self.model_metrics),
            Route("GET", "/metrics", self.metrics),
            Route("GET", "/health", self.health),
        ]

    def close(self) -> None:
        """Write what is not in a snapshot yet: the process is told to stop."""
        self._shelf.put_away_all()

    def after_answer(self) -> None:
        """Write metrics and snapshots that are due."""
        self._shelf.tidy()

    def wake(self, event: Event) -> None:
        """Have the state of a tick's series in memory when its features come."""
        series = event.extensions.get("subject") or self._settings.series_id
        if SERIES_ID.fullmatch(series):
            self._shelf.restore(series)

    async def express_predict_learn(self, headers: Mapping[str, str], body: bytes) -> Answer:
        """Predict the target, then learn it: of a series that is in memory."""
        if headers.get("content-type") != "application/json" or "idempotency-key" in headers:
            raise Detour
        series, seq, lags, target = read_lesson(body)
        if seq is None:
            lesson = await self._pipeline.teach(series, lags, target)
        else:
            lesson = await self._pipeline.observe(series, seq, lags, target)
        return json_answer(_encode({"prediction": lesson.prediction, "series_id": series, "n": lesson.n}))

    async def express(self, event: Event) -> Event | None:
        """Answer features with a prediction: the next ones of a series that is in memory."""
        if event.type != events.FEATURES:
            raise Detour
        series, seq, lags, target = lesson_of(event.data)
        if seq is None:
            raise Detour
        lesson = await self._pipeline.observe(series, seq, lags, target)
        return event.derive(events.PREDICTION, self._settings.service, series, seq, self._data(series, seq, lesson))

    def predict_learn(self, call: Call) -> dict[str, Any]:
        """Predict the target, then learn it."""
        body = Fields(call.json(), ("series_id", "features", "target", "seq"))
        series, lags, target = body.series_id("default"), body.features(), body.number("target")
        if "seq" in body:
            lesson = self._learner.observe(series, body.integer("seq", 1, MOST_SEQ), lags, target)
            if lesson is None:
                raise Conflict(f"field 'seq': later observations of {series!r} were learned, this one never was")
        else:
            lesson = self._learner.teach(series, lags, target, self._keyed(call))
        return {"prediction": lesson.prediction, "series_id": series, "n": lesson.n}

    def predict_many(self, call: Call) -> dict[str, Any]:
        """Forecast recursively from given features; nothing is learned."""
        body = Fields(call.json(), ("series_id", "features", "steps"))
        series, lags = body.series_id("default"), body.features()
        steps = body.integer("steps", 1, _MOST_STEPS, _DEFAULT_STEPS)
        return {"forecast": _steps(self._learner.forecast_from(series, lags, steps)), "series_id": series}

    def forecast(self, call: Call) -> dict[str, Any]:
        """Forecast what comes after the newest observation that was learned."""
        series = series_id(call.argument("series_id", "default"))
        values = self._learner.forecast(series, call.count("steps", 1, _MOST_STEPS, _DEFAULT_STEPS))
        if values is None:
            raise NotThere(f"{self._model.name} has learned nothing of series {series!r} yet")
        return {"series_id": series, "model": self._model.name, "forecast": _steps(values)}

    def model_metrics(self, call: Call) -> dict[str, Any]:
        """Return the metrics of each series, and what the model is."""
        self._shelf.show_all()
        answer: dict[str, Any] = {}
        for series, metrics in self._all_metrics().items():
            answer[series] = {name: value for name, value in metrics.items() if name not in _UNLISTED}
        if not answer:
            answer["message"] = "No predictions available yet"
        info: dict[str, Any] = {"model_name": self._model.name, "revision": self._model.revision}
        info |= {"model_type": type(self._model.build()).__name__, "in_this_process": vars(self._learner.tally)}
        return {**answer, "model_info": info}

    def metrics(self, call: Call) -> Text:
        """Return the metrics in Prometheus' format."""
        self._shelf.show_all()
        from rivulet.exposition import CONTENT_TYPE, expose  # here, as no cold start needs it

        return Text(expose(self._model.name, self._all_metrics()), CONTENT_TYPE)

    def health(self, call: Call) -> dict[str, Any]:
        """Say that the function serves."""
        return {"status": "ok", "model_loaded": True, "model": self._model.name}

    def receive(self, event: Event) -> Event | None:
        """Answer features with a prediction; repeated ones with the recorded one."""
        if event.type != events.FEATURES:
            raise Invalid(f"attribute 'type' is {event.type!r}; a model answers {events.FEATURES}")
        body = Fields(event.data, _FEATURES_FIELDS, "the features event")
        series, seq = body.series_id(), body.integer("seq", 1, MOST_SEQ)
        lesson = self._learner.observe(series, seq, features(body.required("features")), body.number("target"))
        if lesson is None:
            return None
        return event.derive(events.PREDICTION, self._settings.service, series, seq, self._data(series, seq, lesson))

    def _data(self, series: str, seq: int, lesson: Lesson) -> dict[str, Any]:
        return {
            "series_id": series,
            "seq": seq,
            "model": self._model.name,
            "prediction": lesson.prediction,
            "target": lesson.target,
            "error": lesson.error,
            "forecast": lesson.forecast,
            "n": lesson.n,
            "duration_ms": lesson.duration_ms,
        }

    def _keyed(self, call: Call) -> KeyedCall | None:
        key = call.headers.get("idempotency-key")
        if key is None:
            return None
        digest = hashlib.sha256(call.body).hexdigest()
        return KeyedCall(short_text(key, "Idempotency-Key"), digest, self._settings.call_memory)

    def _all_metrics(self) -> dict[str, dict[str, Any]]:
        found = self._journal.all_metrics()
        return {
            series: {name: json.loads(value) for name, value in metrics.items()} for series, metrics in found.items()
        }


def _steps(values: list[float]) -> list[dict[str, Any]]:
    return [{"step": step, "value": value} for step, value in enumerate(values, 1)]
