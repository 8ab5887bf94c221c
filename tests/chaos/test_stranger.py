"""Anyone may enter the chain: a sensor that knows nothing of Rivulet but the Broker's address."""

from __future__ import annotations

import subprocess

from tests.chaos.stream import PlatformProcess
from tests.plain_loop import MODELS


def test_observation_sent_with_curl(platform: PlatformProcess) -> None:
    """An observation of a series of its own is forecast by all four models."""
    platform.settings = {"LOST_SHARE": "0"}
    platform.start()
    headers = {"ce-specversion": "1.0", "ce-id": "reading-1", "ce-source": "/attic/thermometer"}
    headers |= {"ce-type": "dev.rivulet.observation.v1", "content-type": "application/json"}
    flags = [flag for name, value in headers.items() for flag in ("-H", f"{name}: {value}")]
    url = f"http://127.0.0.1:{platform.broker_port}/ml-services/default"
    command = ["curl", "-sS", "-o", "/dev/null", "-w", "%{http_code}", *flags]
    command += ["-d", '{"series_id": "attic", "value": 21.5}', url]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "202"
    for _ in range(15):  # each waits as long as the ledger's manifest lets it
        run = platform.call("ledger", "GET", "/runs/attic/1?wait=30").json()
        if run.get("complete"):
            break
    assert run["complete"], run
    assert run["observation"]["value"] == 21.5
    assert {stage["model"] for stage in run["models"]} == set(MODELS)
    assert {stage["target"] for stage in run["models"]} == {21.5}
