"""The exporter as a process, and what it says."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, field
from typing import Any

import requests
from prometheus_client.parser import text_string_to_metric_families

from tests.function_processes import FUNCTIONS, ChildProcess

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


@dataclass
class Exporter(ChildProcess):
    """One exporter.

    Attributes
    ----------
    redis_url
        What it reads.
    settings
        Environment variables beside those that it always gets.
    """

    redis_url: str = ""
    settings: dict[str, str] = field(default_factory=dict)

    def start(self) -> Exporter:
        """Start it, and wait until it answers."""
        own = {"REDIS_URL": self.redis_url, "EXPORTER_PORT": str(self.port), "EXPORTER_HOST": "127.0.0.1"}
        self._launch([sys.executable, "-m", "exporter.main"], FUNCTIONS, {**os.environ, **own, **self.settings})
        self._await(self._healthy)
        return self

    def get(self, path: str = "/metrics") -> requests.Response:
        """Ask it."""
        return requests.get(f"http://127.0.0.1:{self.port}{path}", timeout=60)

    def samples(self) -> Samples:
        """Scrape it."""
        return samples_of(self.get().text)

    def _healthy(self) -> bool:
        try:
            return self.get("/health").status_code == 200
        except requests.RequestException:
            return False


def samples_of(text: str) -> Samples:
    """Parse what Prometheus would read."""
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def named(samples: Samples, name: str, **labels: str) -> list[float]:
    """Return the values of the samples of a name that have these labels, among others."""
    wanted = set(labels.items())
    return [value for (found, own), value in samples.items() if found == name and wanted <= own]


def one(samples: Samples, name: str, **labels: str) -> Any:
    """Return the value of the only such sample."""
    (value,) = named(samples, name, **labels)
    return value
