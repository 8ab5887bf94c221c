"""A platform in a process of its own, and a producer that does not give up."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

from rivulet import events
from rivulet.events import Event
from tests.function_processes import free_port

_MAIN = Path(__file__).parent / "platform_main.py"
_FUNCTIONS = Path(__file__).parents[2] / "functions"


@dataclass
class PlatformProcess:
    """The platform, to be killed and started again on the same ports and the same data."""

    data: Path
    settings: dict[str, str] = field(default_factory=dict)
    port: int = field(default_factory=free_port)
    broker_port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None
    session: requests.Session = field(default_factory=requests.Session)

    @property
    def gateway(self) -> str:
        """The address of the gateway."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it and wait until it answers."""
        own = {"RIVULET_PORT": str(self.port), "RIVULET_BROKER_PORT": str(self.broker_port), "TICK": "off"}
        own |= {"RIVULET_EXPORTER_PORT": "off", "RIVULET_LEGACY_PORTS": "off"}
        own |= {"RIVULET_DATA": str(self.data), "GATEWAY_URL": self.gateway}
        environment = {**os.environ, "PYTHONPATH": str(_FUNCTIONS), **own, **self.settings}
        self.data.mkdir(parents=True, exist_ok=True)
        with (self.data / "platform.log").open("ab") as log:
            self.process = subprocess.Popen([sys.executable, str(_MAIN)], env=environment, stdout=log, stderr=log)
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            try:
                self.report()
                return
            except requests.RequestException:
                assert self.process.poll() is None, (self.data / "platform.log").read_text()[-3000:]
                time.sleep(0.05)
        raise AssertionError((self.data / "platform.log").read_text()[-3000:])

    def kill(self) -> None:
        """Kill the platform's own process, as a crash would; its children are left behind."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self) -> None:
        """Stop it in order."""
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(60)

    def report(self) -> dict[str, Any]:
        """Return what the platform says of itself."""
        report: dict[str, Any] = self.session.get(f"{self.gateway}/_platform", timeout=5).json()
        return report

    def functions(self) -> Iterator[tuple[str, int]]:
        """Yield name and process id of each function that runs."""
        for service in self.report()["services"]:
            if service["state"] == "ready" and service["pid"]:
                yield service["name"], service["pid"]

    def call(self, service: str, method: str, path: str, **more: Any) -> requests.Response:
        """Call a function through the gateway."""
        headers = {"Host": f"{service}.ml-services.localhost", **more.pop("headers", {})}
        return self.session.request(method, f"{self.gateway}{path}", headers=headers, timeout=60, **more)

    def send(self, event: Event, patience: float = 60.0) -> None:
        """Send an event to the Broker until it takes it: a producer keeps what was not acknowledged."""
        headers, body = events.to_http(event)
        deadline = time.monotonic() + patience
        answer = "no answer"
        while time.monotonic() < deadline:
            try:
                url = f"http://127.0.0.1:{self.broker_port}/ml-services/default"
                response = self.session.post(url, data=body, headers=headers, timeout=10)
            except requests.RequestException as error:
                answer = str(error)
            else:
                if response.status_code == 202:
                    return
                answer = f"{response.status_code} {response.text}"
                assert response.status_code in (429, 503), answer
            time.sleep(0.05)
        raise AssertionError(f"the Broker did not take an event for {patience} s: {answer}")

    def recorded(self, series: str, model: str) -> list[dict[str, Any]]:
        """Return every prediction of a series that a model has on record."""
        rows: list[dict[str, Any]] = []
        first: int | None = 1
        while first:
            query = {"series_id": series, "model": model, "from": str(first)}
            page = self.call("ledger", "GET", "/predictions", params=query).json()
            rows += page["predictions"]
            first = page["next"]
        return rows

    def wait_for(self, series: str, models: tuple[str, ...], count: int, patience: float) -> None:
        """Wait until each model has learned `count` observations."""
        deadline = time.monotonic() + patience
        counts: dict[str, int] = {}
        while time.monotonic() < deadline:
            answer = self.call("ledger", "GET", "/leaderboard", params={"series_id": series})
            if answer.ok:
                counts = {row["model"]: row["count"] for row in answer.json()["rows"]}
                if all(counts.get(model, 0) >= count for model in models):
                    return
            time.sleep(0.2)
        raise AssertionError(f"after {patience} s: {counts} of {count}; {json.dumps(self.report())}")


def observation(series: str, sequence: int, value: float) -> Event:
    """Return an observation as a producer sends it."""
    extensions = {"subject": series, "partitionkey": series, "sequence": str(sequence)}
    data = {"series_id": series, "value": value, "observation_id": str(sequence)}
    return Event(f"{series}-{sequence}", "/tests/producer", events.OBSERVATION, data, extensions)


def disordered(items: list[Event], lots: random.Random, reach: int) -> list[Event]:
    """Return each event one to three times, each copy up to `reach` places from where it belongs."""
    copies = [(at + lots.uniform(0, reach), item) for at, item in enumerate(items) for _ in range(lots.randint(1, 3))]
    return [item for _, item in sorted(copies, key=lambda pair: pair[0])]
