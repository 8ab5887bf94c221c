"""Who measures a cluster from outside: sends ticks and observations, and asks the ledger what became of them."""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

import requests

from rivulet.events import OBSERVATION, TICK
from tests.e2e.target import Target
from tests.plain_loop import MODELS

SOURCE = "/tests/cluster"
PATIENCE = 120.0


class Took(NamedTuple):
    """What a tick took, in seconds from the moment before it was sent, by this machine's clock.

    Attributes
    ----------
    predicted
        Until the last model's prediction was in its journal, by the cluster's clock.
    noted
        Until the ledger had noted the last of them.
    """

    predicted: float
    noted: float


@dataclass
class Visitor:
    """One who has a series of their own."""

    target: Target
    series: str = field(default_factory=lambda: f"measured-{uuid.uuid4().hex[:10]}")
    ticks: int = 0

    def tick(self) -> Took:
        """Send a tick, and wait until every model's prediction is recorded, and the ledger knows of it."""
        self.ticks += 1
        sent = time.time()
        self.send(TICK, {"source": "csv"}, f"{self.series}-{self.ticks}")
        stages = [self._stage(model) for model in MODELS]
        moments = (
            max(datetime.fromisoformat(stage[name]).timestamp() for stage in stages)
            for name in ("learned_at", "recorded_at")
        )
        return Took(*(moment - sent for moment in moments))

    def observe(self, number: int, value: float) -> None:
        """Send an observation in its place of the series."""
        data = {"series_id": self.series, "value": value}
        self.send(OBSERVATION, data, f"{self.series}-{number}", sequence=str(number))

    def send(self, type: str, data: object, id: str, **extensions: str) -> None:
        """Send an event until the Broker takes it: a producer keeps what was not acknowledged."""
        attributes = {"id": id, "source": SOURCE, "subject": self.series, "partitionkey": self.series, **extensions}
        deadline = time.monotonic() + PATIENCE
        said = "no answer"
        while time.monotonic() < deadline:
            try:
                answer = self.target.send(type, data, **attributes)
            except requests.RequestException as error:
                said = str(error)
            else:
                if answer.status_code == 202:
                    return
                said = f"{answer.status_code} {answer.text}"
            time.sleep(0.2)
        raise AssertionError(f"the Broker did not take event {id} for {PATIENCE:g} s: {said}")

    def predictions(self, model: str, count: int) -> list[dict[str, Any]]:
        """Wait until a model has predicted so many observations, and return the predictions."""
        rows: list[dict[str, Any]] = []
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            query = {"series_id": self.series, "model": model, "from": str(len(rows) + 1)}
            answer = self._ask("/predictions", query)
            if answer.ok:
                rows += answer.json()["predictions"]
                if len(rows) >= count:
                    return rows
            time.sleep(0.5)
        raise AssertionError(f"after {PATIENCE:g} s {model} has predicted {len(rows)} observations of {count}")

    def dead_letters(self) -> list[Any]:
        """Return what was given up of the series."""
        letters: list[Any] = self._ask("/deadletters", {"series_id": self.series}).json()["dead_letters"]
        return letters

    def leave(self) -> None:
        """Remove the series."""
        self.target.call("ledger", "DELETE", f"/series/{self.series}")

    def _stage(self, model: str) -> dict[str, Any]:
        query = {"series_id": self.series, "source": SOURCE, "model": model, "wait": "4"}
        deadline = time.monotonic() + PATIENCE
        while True:
            answer = self._ask(f"/ticks/{self.series}-{self.ticks}", query)
            if answer.ok and (stage := answer.json()).get("recorded_at"):
                return dict(stage)
            assert time.monotonic() < deadline, f"after {PATIENCE:g} s: {answer.status_code} {answer.text}"
            time.sleep(0.05)

    def _ask(self, path: str, query: dict[str, str]) -> requests.Response:
        """Ask the ledger; what it cannot answer within a request's time, it is asked again."""
        while True:
            answer = self.target.call("ledger", "GET", path, params=query)
            if answer.status_code not in (502, 503, 504):
                return answer
            time.sleep(0.2)
