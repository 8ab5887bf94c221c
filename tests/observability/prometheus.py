"""A real Prometheus with the committed configuration, and what it answers."""

from __future__ import annotations

import math
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from tests.function_processes import ChildProcess

FOLDER = Path(__file__).resolve().parents[2] / "observability" / "prometheus"
_HOW = "`task prometheus` installs it"


def program(name: str) -> str:
    """Return the path of prometheus or promtool; without it the test fails, and says how to get it."""
    found = shutil.which(name)
    assert found, f"there is no {name} on the PATH: {_HOW}"
    return found


@dataclass
class Prometheus(ChildProcess):
    """A Prometheus that scrapes one exporter each second.

    Attributes
    ----------
    exporter
        The exporter's host and port.
    """

    exporter: str = ""

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> Prometheus:
        """Start it on a copy of the configuration that differs in the pace and in where the exporter is."""
        config = self.folder / "config"
        shutil.copytree(FOLDER, config)
        text = (config / "prometheus.yml").read_text("utf-8")
        assert text.count("_interval: 15s") == 2
        quick = text.replace("_interval: 15s", "_interval: 1s").replace("scrape_timeout: 10s", "scrape_timeout: 1s")
        (config / "prometheus.yml").write_text(quick, "utf-8")
        (config / "targets" / "exporter.yml").write_text(f'- targets: ["{self.exporter}"]\n', "utf-8")
        options = [f"--config.file={config / 'prometheus.yml'}", f"--storage.tsdb.path={self.folder / 'tsdb'}"]
        options.append(f"--web.listen-address=127.0.0.1:{self.port}")
        self._launch([program("prometheus"), *options], self.folder, {})
        self._await(self._ready)
        return self

    def ask(self, path: str, **query: str) -> Any:
        """Ask its API."""
        answer = requests.get(f"{self.url}/api/v1/{path}", params=query, timeout=20).json()
        assert answer["status"] == "success", (query, answer)
        return answer["data"]

    def has_data(self, expr: str) -> bool:
        """Whether an expression returns a value that is a number."""
        found = self.ask("query", query=expr)
        if found["resultType"] == "scalar":
            return True
        return any(not math.isnan(float(each["value"][1])) for each in found["result"])

    def _ready(self) -> bool:
        try:
            return requests.get(f"{self.url}/-/ready", timeout=5).status_code == 200
        except requests.RequestException:
            return False
