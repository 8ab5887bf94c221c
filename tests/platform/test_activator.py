"""Functions start at the first request, stop when idle, and are noticed when they die."""

import contextlib
import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor

from tests.patience import eventually
from tests.platform.running import Site, ended


def test_from_zero_and_back(site: Site) -> None:
    eventually(lambda: site.service("brief")["state"] == "zero")
    before = site.service("brief")["starts"]
    with ThreadPoolExecutor(6) as pool:
        pids = set(pool.map(lambda _: site.ask("brief").json()["pid"], range(6)))
    assert len(pids) == 1, "requests that come during a start share it"
    running = site.service("brief")
    assert (running["state"], running["starts"], running["pid"]) == ("ready", before + 1, pids.pop())
    eventually(lambda: site.service("brief")["state"] == "zero")
    stopped = site.service("brief")
    assert stopped["pid"] is None
    assert 1 <= stopped["process_seconds"] == site.service("brief")["process_seconds"]
    assert ended(running["pid"])


def test_a_request_keeps_a_function_alive(site: Site) -> None:
    answer = site.ask("brief", "/?sleep=2").json()
    assert site.ask("brief").json()["pid"] == answer["pid"]


def test_what_only_wakes_is_spared_to_a_function_that_is_awake(site: Site) -> None:
    eventually(lambda: site.service("brief")["state"] == "zero")
    woken = site.send("t.wake")
    eventually(lambda: site.calls("brief", woken))
    pid = site.service("brief")["pid"]
    spared = []
    for _ in range(6):  # for longer than its idle window, which begins anew with each
        time.sleep(0.3)
        spared.append(site.send("t.wake"))
    assert site.service("brief")["pid"] == pid
    assert not [event for event in spared if site.calls("brief", event)]
    eventually(lambda: site.service("brief")["state"] == "zero")
    woken = site.send("t.wake")
    assert eventually(lambda: site.calls("brief", woken))


def test_what_only_wakes_is_sent_once_to_a_function_that_starts(site: Site) -> None:
    eventually(lambda: site.service("brief")["state"] == "zero")
    first = site.send("t.wake", subject="a")
    again = [site.send("t.wake", subject="a") for _ in range(3)]
    other = site.send("t.wake", subject="b")
    eventually(lambda: site.calls("brief", first) and site.calls("brief", other))
    assert not [event for event in again if site.calls("brief", event)]
    assert site.report()["broker"]["queued"] == 0


def test_a_request_while_it_stops_gets_a_new_process(site: Site) -> None:
    first = site.ask("brief").json()["pid"]
    eventually(lambda: site.service("brief")["state"] in ("stopping", "zero"))
    again = site.ask("brief")
    assert again.status_code == 200
    assert again.json()["pid"] != first


def test_a_killed_master_takes_its_worker_along(site: Site) -> None:
    first = site.ask("alpha").json()
    os.kill(site.service("alpha")["pid"], signal.SIGKILL)
    assert eventually(lambda: ended(first["worker"]), 2)
    second = site.ask("alpha").json()
    assert second["pid"] != first["pid"]


def test_a_request_whose_process_dies_is_told_so(site: Site) -> None:
    site.ask("alpha")
    pid = site.service("alpha")["pid"]
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(site.ask, "alpha", "/?sleep=3", "POST")
        time.sleep(0.3)
        os.kill(pid, signal.SIGKILL)
        answer = waiting.result()
    assert answer.status_code == 502
    assert "alpha" in answer.json()["error"]
    assert site.ask("alpha").status_code == 200


def test_a_function_that_cannot_start_is_503(site: Site) -> None:
    answer = site.ask("broken")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
    assert "broken" in answer.json()["error"]
    assert site.service("broken")["state"] == "zero"
    assert "on purpose" in site.errors.read_text()


def test_a_killed_worker_is_gunicorn_s_to_replace(site: Site) -> None:
    first = site.ask("alpha").json()
    with contextlib.suppress(ProcessLookupError):
        os.kill(first["worker"], signal.SIGKILL)
    second = eventually(lambda: (answer := site.ask("alpha")).ok and answer.json())
    assert second["pid"] == first["pid"]
    assert second["worker"] != first["worker"]
