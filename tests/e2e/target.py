"""Where the scenario goes: a gateway and a Broker, of a cluster or of an embedded platform that is started for it."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import requests

from tests.chaos.stream import PlatformProcess

NAMESPACE = "ml-services"
_PATIENCE = 90.0


@dataclass
class Target:
    """An installation: addresses that anyone may use, and no way past them.

    Attributes
    ----------
    gateway
        Routes by the Host header.
    broker
        Takes CloudEvents.
    domain
        What the functions' names end with.
    """

    gateway: str
    broker: str
    domain: str = "localhost"
    session: requests.Session = field(default_factory=requests.Session)

    def call(self, service: str, method: str, path: str, **more: Any) -> requests.Response:
        """Call a function."""
        headers = {"Host": f"{service}.{NAMESPACE}.{self.domain}", **more.pop("headers", {})}
        return self.session.request(method, f"{self.gateway}{path}", headers=headers, timeout=_PATIENCE, **more)

    def send(self, type: str, data: object, **attributes: str) -> requests.Response:
        """Send an event to the Broker."""
        headers = {f"ce-{name}": value for name, value in {"specversion": "1.0", "type": type, **attributes}.items()}
        return self.session.post(self.broker, json=data, headers=headers, timeout=_PATIENCE)


@contextmanager
def embedded() -> Iterator[Target]:
    """Start an embedded platform in a folder of its own, without ticks."""
    with TemporaryDirectory() as folder:
        platform = PlatformProcess(Path(folder), settings={"LOST_SHARE": "0"})
        platform.start()
        try:
            yield Target(platform.gateway, f"http://127.0.0.1:{platform.broker_port}/{NAMESPACE}/default")
        finally:
            platform.stop()


@contextmanager
def cluster(gateway: str, broker: str | None, domain: str) -> Iterator[Target]:
    """Go to a cluster; without the Broker's address, through a port-forward of kubectl's."""
    if broker is not None:
        yield Target(gateway, broker, domain)
        return
    command = ["kubectl", "-n", "knative-eventing", "port-forward", "service/broker-ingress", ":80"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as forward:
        try:
            assert forward.stdout
            found = re.search(r"127\.0\.0\.1:(\d+)", forward.stdout.readline())
            if found is None:
                raise SystemExit(f"{' '.join(command)} gave no port")
            yield Target(gateway, f"http://127.0.0.1:{found[1]}/{NAMESPACE}/default", domain)
        finally:
            forward.terminate()
