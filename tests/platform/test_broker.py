"""The Broker's rules, with real functions."""

import itertools
import json
import time
from typing import Any
from urllib.parse import unquote

import pytest
import requests
from redis import Redis

from tests.patience import eventually
from tests.platform.running import Site

STRUCTURED = {"Content-Type": "application/cloudevents+json"}


def dead_letters(site: Site, event: str) -> list[dict[str, Any]]:
    """Wait for an event to arrive at the dead-letter sink."""
    letters: list[dict[str, Any]] = eventually(lambda: site.calls("sink", event, "/dead"))
    return letters


def test_an_event_is_delivered_as_it_came(site: Site) -> None:
    event = site.send(data={"value": 1.10}, subject="s%20%E2%82%AC", traceparent="00-1-2-01", anything="x")
    (call,) = eventually(lambda: site.calls("alpha", event))
    assert call["body"] == '{"value": 1.1}'
    assert call["path"] == "/"
    assert call["event"] == {
        "ce-id": event,
        "ce-source": "/test",
        "ce-type": "t.plain",
        "ce-specversion": "1.0",
        "ce-subject": "s%20%E2%82%AC",
        "ce-traceparent": "00-1-2-01",
        "ce-anything": "x",
    }


def test_structured_mode(site: Site) -> None:
    document = {"id": "structured", "source": "/s", "type": "t.next", "specversion": "1.0", "data": {"a": [1]}}
    answer = requests.post(site.broker, json.dumps(document), headers=STRUCTURED, timeout=5)
    assert answer.status_code == 202
    (call,) = eventually(lambda: site.calls("sink", "structured"))
    assert (call["path"], call["body"]) == ("/next", '{"a":[1]}')


def test_the_door(site: Site) -> None:
    root = site.broker.removesuffix("/ml-services/default")
    event = {"ce-id": "1", "ce-source": "/s", "ce-type": "t", "ce-specversion": "1.0"}
    assert requests.get(f"{root}/health", timeout=5).json() == {"status": "healthy"}
    for method, url, headers, data, status in (
        ("POST", root + "/", event, b"", 404),
        ("GET", site.broker, {}, b"", 405),
        ("POST", site.broker, {}, b"{}", 400),
        ("POST", site.broker, event | {"ce-id": ""}, b"", 400),
        ("POST", site.broker, event | {"ce-knativebrokerttl": "1"}, b"", 400),
        ("POST", site.broker, STRUCTURED, b"not JSON", 400),
        ("POST", site.broker, event, b"x" * 1_100_000, 413),
        ("POST", site.broker, event, b"", 202),
    ):
        answer = requests.request(method, url, headers=headers, data=data, timeout=5)
        assert answer.status_code == status
        assert status == 202 or list(answer.json()) == ["error"]


@pytest.mark.parametrize("status", [404, 408, 409, 429, 500, 503])
def test_what_is_retried(site: Site, status: int) -> None:
    event = site.send(data={"answers": [status, status, 204]})
    calls = eventually(lambda: len(found := site.calls("alpha", event)) == 3 and found)
    gaps = [later["time"] - earlier["time"] for earlier, later in itertools.pairwise(calls)]
    assert gaps[0] >= 0.1
    assert gaps[1] >= 0.2
    assert not site.calls("sink", event)


def test_retry_after_is_respected(site: Site) -> None:
    event = site.send(data={"answers": [429, 204], "headers": {"Retry-After": "1"}})
    first, second = eventually(lambda: len(found := site.calls("alpha", event)) == 2 and found)
    assert second["time"] - first["time"] >= 1


@pytest.mark.parametrize("status", [302, 400, 403, 413, 415, 422])
def test_a_permanent_error_goes_to_the_sink_at_once(site: Site, status: int) -> None:
    data = {"answers": [status], "text": "bad \n value " + "x" * 2000}
    event = site.send(data=data)
    (dead,) = dead_letters(site, event)
    assert len(site.calls("alpha", event)) == 1
    assert dead["event"]["ce-type"] == "t.plain"
    assert dead["event"]["ce-knativeerrorcode"] == str(status)
    assert dead["event"]["ce-knativeerrordest"] == "http://alpha.ml-services.svc.cluster.local"
    excerpt = unquote(dead["event"]["ce-knativeerrordata"])
    assert excerpt == ("bad   value " + "x" * 2000)[:1024]
    assert json.loads(dead["body"]) == data


def test_retries_come_to_an_end(site: Site) -> None:
    event = site.send(data={"answers": [500]})
    (dead,) = dead_letters(site, event)
    assert len(site.calls("alpha", event)) == 4
    assert dead["event"]["ce-knativeerrorcode"] == "500"


def test_a_timeout_is_a_failed_attempt(site: Site) -> None:
    event = site.send(data={"sleep": 1.5})
    (dead,) = dead_letters(site, event)
    assert len(site.calls("alpha", event)) == 4
    assert dead["event"]["ce-knativeerrorcode"] == "504"


def test_a_function_that_cannot_start_is_a_failed_attempt(site: Site) -> None:
    event = site.send("t.broken")
    (dead,) = dead_letters(site, event)
    assert dead["event"]["ce-knativeerrorcode"] == "503"


def test_a_reply_that_is_no_event_is_a_failed_attempt(site: Site) -> None:
    for data in ({"answers": [200], "text": "OK"}, {"answers": [200], "reply": {"specversion": "1.0", "id": "x"}}):
        event = site.send(data=data)
        (dead,) = dead_letters(site, event)
        assert len(site.calls("alpha", event)) == 4
        assert dead["event"]["ce-knativeerrorcode"] == "502"


def test_a_reply_enters_the_broker(site: Site) -> None:
    reply = {"specversion": "1.0", "id": "derived", "source": "/alpha", "type": "t.next", "sequence": "9"}
    site.send(data={"answers": [200], "reply": reply, "text": '{"n": 1}'})
    (call,) = eventually(lambda: site.calls("sink", "derived"))
    assert (call["body"], call["event"]["ce-sequence"]) == ('{"n": 1}', "9")
    site.send(data={"answers": [200], "text": json.dumps(reply | {"id": "in-one"}), "headers": STRUCTURED})
    assert eventually(lambda: site.calls("sink", "in-one"))


def test_a_loop_comes_to_an_end(site: Site) -> None:
    reply = {"specversion": "1.0", "id": "loop", "source": "/alpha", "type": "t.loop"}
    recipe = {"answers": [200], "reply": reply}
    site.send("t.loop", data=recipe | {"text": json.dumps(recipe | {"text": "{}"})}, id="loop")
    eventually(lambda: len(site.calls("alpha", "loop")) >= 2)
    site.send("t.loop", data={"answers": [200], "reply": {**reply, "id": "a"}}, knativebrokerttl="2", id="last")
    eventually(lambda: "event a of type t.loop is in a loop" in site.errors.read_text())
    assert len(site.calls("alpha", "last")) == 1


def test_a_key_keeps_its_order_and_a_retry_steps_aside(site: Site) -> None:
    first = site.send(data={"answers": [503, 204], "headers": {"Retry-After": "1"}}, partitionkey="k")
    rest = [site.send(data={"sleep": 0.02}, subject="k") for _ in range(10)]
    eventually(lambda: len(site.calls("alpha", first)) == 2)
    order = [each["event"]["ce-id"] for each in site.calls("alpha") if each["event"]["ce-id"] in {first, *rest}]
    assert order == [first, *rest, first]


def test_different_keys_go_at_once(site: Site) -> None:
    began = time.time()
    events = [site.send(data={"sleep": 0.5}, partitionkey=str(number)) for number in range(4)]
    eventually(lambda: all(site.calls("alpha", event) for event in events))
    last = max(site.calls("alpha", event)[0]["time"] for event in events)
    assert last - began < 0.5


def test_what_nobody_takes_is_kept(site: Site) -> None:
    event = site.send(data={"answers": [400], "at_sink": [500]})
    eventually(lambda: event in site.errors.read_text())
    assert len(site.calls("sink", event, "/dead")) == 4
    assert "given up and kept" in site.errors.read_text()
    redis: Any = Redis.from_url(site.report()["redis_url"])
    (kept,) = [letter for _, letter in redis.xrange("broker:dead") if event.encode() in letter[b"delivery"]]
    assert kept[b"reason"].startswith(b"sink answered 500")
    eventually(lambda: not any(event.encode() in each for each in redis.hvals("broker:queue")))
