"""A platform with small functions of its own, in a process, and what tests ask of it."""

import json
import os
import re
import signal
import subprocess
import sys
import uuid
from pathlib import Path
from typing import Any

import psutil
import requests

HERE = Path(__file__).parent
FUNCTIONS = HERE.parents[1] / "functions"


class Site:
    """A platform in a process of its own, with its folder and the calls that its functions have written down."""

    def __init__(self, folder: Path, **environment: str) -> None:
        self.folder = folder
        self.records = folder / "records"
        self.records.mkdir(parents=True, exist_ok=True)
        self.environment = {
            **os.environ,
            "PYTHONPATH": str(FUNCTIONS),
            "RIVULET_PORT": "0",
            "RIVULET_BROKER_PORT": "0",
            "RIVULET_EXPORTER_PORT": "off",
            "RIVULET_LEGACY_PORTS": "off",
            "RIVULET_DATA": str(folder / "data"),
            "TICK": "off",
            "RECORDS": str(self.records),
            **environment,
        }
        self.start()

    def start(self) -> None:
        """Start the process and wait until it is ready."""
        self.errors = self.folder / "errors.txt"
        with self.errors.open("ab") as errors:
            self.process = subprocess.Popen(
                [sys.executable, str(HERE / "launch.py")],
                env=self.environment,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line.startswith("ready"), self.errors.read_text()
        self.port = int(re.findall(r"localhost:(\d+)", line)[0])
        self.broker = re.findall(r"Broker (\S+),", line)[0]

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Stop it and return its exit code."""
        self.process.send_signal(number)
        code = self.process.wait(30)
        assert self.process.stdout is not None
        self.process.stdout.close()
        return code

    def ask(self, service: str, path: str = "/", method: str = "GET", **options: Any) -> requests.Response:
        """Send a request to a function, through the gateway."""
        headers = {"Host": f"{service}.ml-services.localhost:{self.port}", **options.pop("headers", {})}
        url = f"http://127.0.0.1:{self.port}{path}"
        return requests.request(method, url, headers=headers, timeout=20, **options)

    def report(self) -> dict[str, Any]:
        """Return what the platform says about itself."""
        answer: dict[str, Any] = requests.get(f"http://127.0.0.1:{self.port}/_platform", timeout=5).json()
        return answer

    def service(self, name: str) -> dict[str, Any]:
        """Return what the platform says about a service."""
        return next(each for each in self.report()["services"] if each["name"] == name)

    def send(self, kind: str = "t.plain", data: Any = None, **attributes: str) -> str:
        """Send an event to the Broker, which takes it, and return its id."""
        name = attributes.pop("id", str(uuid.uuid4()))
        event = {"id": name, "source": "/test", "type": kind, "specversion": "1.0", **attributes}
        headers = {f"ce-{key}": value for key, value in event.items()} | {"Content-Type": "application/json"}
        answer = requests.post(self.broker, data=json.dumps(data or {}), headers=headers, timeout=10)
        assert (answer.status_code, answer.content) == (202, b""), answer.text
        return name

    def calls(self, service: str, event: str | None = None, path: str | None = None) -> list[dict[str, Any]]:
        """Return the calls that a function has written down, of one event if it is given."""
        file = self.records / f"{service}.jsonl"
        lines = file.read_text().splitlines() if file.exists() else []
        calls = [json.loads(line) for line in lines]
        return [each for each in calls if event in (None, each["event"]["ce-id"]) and path in (None, each["path"])]


def ended(pid: int) -> bool:
    """Tell whether a process has ended; where nobody reaps orphans, it stays as a zombie."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
