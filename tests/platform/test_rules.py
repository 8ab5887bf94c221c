"""The Broker's rules that need no process: filters, retries, lanes, settings."""

import asyncio
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from rivulet_local.broker import CAPACITY, Broker, QueueFull
from rivulet_local.cloudevent import Event
from rivulet_local.deliveries import Delivery, Lanes
from rivulet_local.filters import trigger_filter
from rivulet_local.queue_store import QueueStore
from rivulet_local.redis_server import connect
from rivulet_local.retry import Backoff, Verdict, judge, retry_after
from rivulet_local.routes import RoutingTable
from rivulet_local.settings import LocalSettings, SettingError


@pytest.mark.parametrize(
    ("spec", "passes"),
    [
        ({}, True),
        ({"filters": [{"exact": {"type": "a.b"}}]}, True),
        ({"filters": [{"exact": {"type": "a"}}]}, False),
        ({"filters": [{"prefix": {"type": "a."}}, {"suffix": {"type": ".b"}}]}, True),
        ({"filters": [{"exact": {"absent": ""}}]}, False),
        ({"filters": [{"any": [{"exact": {"type": "x"}}, {"exact": {"subject": "s"}}]}]}, True),
        ({"filters": [{"all": [{"exact": {"type": "x"}}, {"exact": {"subject": "s"}}]}]}, False),
        ({"filters": [{"not": {"exact": {"type": "x"}}}]}, True),
        ({"filter": {"attributes": {"type": "a.b", "subject": ""}}}, True),
        ({"filter": {"attributes": {"type": "x"}}}, False),
        ({"filter": {"attributes": {"type": "x"}}, "filters": [{"exact": {"type": "a.b"}}]}, True),
    ],
)
def test_filters(spec: dict[str, Any], passes: bool) -> None:
    assert trigger_filter(spec, "test")({"type": "a.b", "subject": "s"}) is passes


@pytest.mark.parametrize("status", [404, 408, 409, 429, 500, 502, 503, 599])
def test_statuses_that_are_retried(status: int) -> None:
    assert judge(status) is Verdict.RETRY


@pytest.mark.parametrize("status", [301, 304, 400, 401, 403, 405, 413, 415, 422])
def test_statuses_that_go_to_the_sink_at_once(status: int) -> None:
    assert judge(status) is Verdict.DEAD


def test_the_delay_grows_and_is_bounded() -> None:
    exponential = Backoff(10, "exponential", 0.2)
    assert [exponential.after(attempt) for attempt in (1, 2, 3, 4)] == [0.2, 0.4, 0.8, 1.6]
    assert [Backoff(10, "linear", 0.2).after(attempt) for attempt in (1, 2, 5)] == [0.2, 0.4, 1.0]
    assert exponential.after(1, retry_after=3.0) == 3.0
    assert exponential.after(6, retry_after=3.0) == 6.4
    assert exponential.after(20) == exponential.after(1, retry_after=86400) == 30.0


def test_retry_after_is_seconds_or_a_date() -> None:
    soon = format_datetime(datetime.now(UTC) + timedelta(seconds=8), usegmt=True)
    assert retry_after(429, {"retry-after": "2"}) == 2.0
    assert 6 <= retry_after(503, {"retry-after": soon}) <= 8
    assert retry_after(500, {"retry-after": "2"}) == 0.0
    assert retry_after(429, {"retry-after": "soon"}) == retry_after(429, {}) == 0.0


def delivery(number: int, key: str | None, attempts: int = 0) -> Delivery:
    attributes = {"id": str(number)} | ({"partitionkey": key} if key else {})
    return Delivery(number, "route", Event(attributes, b""), attempts)


def test_lanes_keep_a_key_in_order_and_let_others_pass() -> None:
    lanes = Lanes()
    for each in (delivery(1, "a"), delivery(2, "a"), delivery(3, "b"), delivery(4, None), delivery(5, "a", 1)):
        lanes.add(each)
    taken = [lanes.take() for _ in range(5)]
    numbers = [each[1].number for each in taken if each]
    assert numbers == [1, 3, 4, 5], "2 waits for 1; a retry has left its lane"
    assert taken[0] is not None
    lanes.release(taken[0][0])
    second = lanes.take()
    assert second is not None
    assert second[1].number == 2


def test_lanes_hold_a_key_from_its_first_attempt_to_the_end_of_it() -> None:
    lanes = Lanes()
    assert not lanes.holds("a")
    lanes.add(delivery(1, "a"))
    lanes.add(delivery(2, None))
    lanes.add(delivery(3, "b", attempts=1))
    assert [lanes.holds(key) for key in ("a", "b", None)] == [True, False, False]
    taken = lanes.take()
    assert taken is not None
    assert lanes.holds("a"), "it is under way"
    lanes.release(taken[0])
    assert not lanes.holds("a")


def test_a_delivery_is_kept_as_it_is() -> None:
    event = Event({"id": "1", "subject": "naïve\u2028"}, b"\n\x00\xff\n")
    kept = Delivery.from_record(7, Delivery(7, "a/dead", event).record())
    assert (kept.number, kept.route, kept.event) == (7, "a/dead", event)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("RIVULET_PORT", "http"),
        ("RIVULET_BROKER_PORT", "70000"),
        ("RIVULET_EXPORTER_PORT", "never"),
        ("RIVULET_LEGACY_PORTS", "yes"),
        ("TICK", "5 seconds"),
        ("TICK", "0s"),
        ("RIVULET_READY_TIMEOUT", "-1s"),
    ],
)
def test_a_setting_that_is_wrong_is_named(name: str, value: str) -> None:
    with pytest.raises(SettingError, match=name):
        LocalSettings.from_environment({name: value})


def test_settings_have_defaults() -> None:
    settings = LocalSettings.from_environment({})
    assert (settings.gateway_url, settings.broker_port) == ("http://127.0.0.1:8080", 8081)
    assert (settings.tick, settings.legacy_ports) == (60.0, True)
    assert LocalSettings.from_environment({"TICK": "off"}).tick is None
    assert LocalSettings.from_environment({"TICK": "1m30s"}).tick == 90.0


def test_a_full_queue_takes_no_event() -> None:
    async def publish() -> None:
        broker = Broker(RoutingTable((), {}), QueueStore(connect("redis://127.0.0.1:1")))
        broker.counters.queued = CAPACITY
        await broker.publish(Event({"id": "1", "type": "t"}, b""))

    with pytest.raises(QueueFull):
        asyncio.run(publish())
