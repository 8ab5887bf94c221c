"""The end-to-end scenario: what anyone may do with an installation, in the order in which they would."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from typing import Any

import requests

from rivulet.events import OBSERVATION, TICK
from tests.e2e.target import Target
from tests.plain_loop import MODELS, plain_loop

ROWS = 24
SERVICES = {name: f"model-{suffix}" for name, suffix in zip(MODELS, ("linear", "bagging", "knn", "amfr"), strict=True)}
SOURCE = "/tests/e2e"
PATIENCE = 90.0  # what a cluster of one small node may take from zero, image pulls aside


class Scenario:
    """One run, in series of its own.

    Parameters
    ----------
    private
        Whether the models are reached from inside the cluster only.
    """

    def __init__(self, target: Target, *, private: bool = False) -> None:
        self._target = target
        self._private = private
        self._series = f"e2e-{uuid.uuid4().hex[:10]}"

    def steps(self) -> list[Callable[[], str]]:
        """Return the steps; each returns what was seen, or fails."""
        return [
            self.functions_serve,
            self.a_tick_is_forecast_by_every_model,
            self.the_same_tick_again_changes_nothing,
            self.many_ticks_equal_a_plain_loop,
            self.a_stranger_s_observation_is_forecast,
            self.bad_input_is_refused,
            self.nothing_was_given_up,
            self.a_series_is_removed,
        ]

    def functions_serve(self) -> str:
        """Every public function answers, from zero."""
        services = ["ingest", "features", "ledger", *([] if self._private else SERVICES.values())]
        for service in services:
            self._until(lambda service=service: self._target.call(service, "GET", "/health"))  # type: ignore[misc]
        return f"{', '.join(services)} answer"

    def a_tick_is_forecast_by_every_model(self) -> str:
        """A tick becomes an observation and four predictions, and can be followed by its id."""
        started = time.monotonic()
        self._tick(1)
        seen = self._followed(1)
        assert seen["status"] == "observed", seen
        stages = [self._followed(1, model) for model in MODELS]
        assert {stage["target"] for stage in stages} == {seen["value"]}, stages
        return f"observation {seen['value']:g}, four predictions after {time.monotonic() - started:.1f} s"

    def the_same_tick_again_changes_nothing(self) -> str:
        """A tick that is sent twice is one observation."""
        before = self._followed(1)
        self._tick(1)
        assert self._followed(1) == before
        assert self._board()["observations"] == 1
        return "one observation"

    def many_ticks_equal_a_plain_loop(self) -> str:
        """Each prediction equals that of one process which saw the series once and in order, to the last bit."""
        for number in range(2, ROWS + 1):
            self._tick(number)
        values = [row["target"] for row in self._predictions(MODELS[0])]
        for model in MODELS:
            rows = self._predictions(model)
            assert [row["seq"] for row in rows] == list(range(1, ROWS + 1)), (model, rows)
            expected = plain_loop(model, values)
            assert [row["prediction"] for row in rows] == expected.predictions, model
        return f"{ROWS} predictions of each of {len(MODELS)} models"

    def a_stranger_s_observation_is_forecast(self) -> str:
        """Whoever sends an observation has it forecast in a series of their own."""
        series = f"{self._series}-attic"
        self._sent(OBSERVATION, {"series_id": series, "value": 21.5}, id="reading-1", source="/attic/thermometer")
        run = self._until(lambda: self._get("ledger", f"/runs/{series}/1", wait="4"), lambda run: run["complete"])
        assert {stage["model"] for stage in run["models"]} == set(MODELS), run
        assert self._target.call("ledger", "DELETE", f"/series/{series}").status_code == 204
        return "four predictions"

    def bad_input_is_refused(self) -> str:
        """A wrong value is a 4xx that names its field."""
        body = {"series_id": self._series, "value": "high"}
        answer = self._target.call("features", "POST", "/add", json=body)
        assert (answer.status_code, "'value'" in answer.json()["error"]) == (422, True), answer.text
        return str(answer.json()["error"])

    def nothing_was_given_up(self) -> str:
        """There is no dead letter."""
        letters = self._get("ledger", "/deadletters", series_id=self._series).json()["dead_letters"]
        assert letters == [], letters
        return "no dead letter"

    def a_series_is_removed(self) -> str:
        """What the scenario made is removed."""
        assert self._target.call("ledger", "DELETE", f"/series/{self._series}").status_code == 204
        assert self._get("ledger", "/leaderboard", series_id=self._series).status_code == 404
        return "removed"

    def _tick(self, number: int) -> None:
        attributes = {"subject": self._series, "partitionkey": self._series}
        self._sent(TICK, {"source": "csv"}, id=f"{self._series}-{number}", source=SOURCE, **attributes)

    def _sent(self, type: str, data: object, **attributes: str) -> None:
        deadline = time.monotonic() + PATIENCE
        answer = self._target.send(type, data, **attributes)
        while answer.status_code in (429, 503) and time.monotonic() < deadline:
            time.sleep(1)
            answer = self._target.send(type, data, **attributes)
        assert answer.status_code == 202, f"{answer.status_code} {answer.text}"

    def _followed(self, number: int, model: str | None = None) -> dict[str, Any]:
        query = {"series_id": self._series, "source": SOURCE, "wait": "4", **({"model": model} if model else {})}
        return self._until(lambda: self._get("ledger", f"/ticks/{self._series}-{number}", **query))

    def _predictions(self, model: str) -> list[dict[str, Any]]:
        query = {"series_id": self._series, "model": model}
        page = self._until(
            lambda: self._get("ledger", "/predictions", **query), lambda page: len(page["predictions"]) >= ROWS
        )
        rows: list[dict[str, Any]] = page["predictions"]
        return rows

    def _board(self) -> dict[str, Any]:
        return self._until(lambda: self._get("ledger", "/leaderboard", series_id=self._series))

    def _get(self, service: str, path: str, **query: str) -> requests.Response:
        return self._target.call(service, "GET", path, params=query)

    def _until(
        self, ask: Callable[[], requests.Response], enough: Callable[[dict[str, Any]], bool] = bool
    ) -> dict[str, Any]:
        """Ask until the answer is there; what is not there yet, or not within a request's time, is asked for again."""
        deadline = time.monotonic() + PATIENCE
        while True:
            answer = ask()
            if answer.ok and enough(found := answer.json()):
                return dict(found)
            assert answer.ok or answer.status_code in (404, 429, 502, 503, 504), f"{answer.status_code} {answer.text}"
            assert time.monotonic() < deadline, f"after {PATIENCE:g} s: {answer.status_code} {answer.text}"
            time.sleep(0.2)
