"""The codec, against the CloudEvents SDK and the HTTP binding."""

import json
from collections.abc import Mapping

import pytest
from cloudevents.conversion import to_binary, to_structured
from cloudevents.http import CloudEvent, from_http

from rivulet_local.cloudevent import NotACloudEvent, binary_headers, parse

REQUIRED = {"ce-id": "1", "ce-source": "/s", "ce-type": "t", "ce-specversion": "1.0"}


def received(headers: Mapping[str, str]) -> dict[str, str]:
    """Return headers as a server has them."""
    return {name.lower(): value for name, value in headers.items()}


def sdk_event() -> CloudEvent:
    attributes = {"id": "1", "source": "/s", "type": "t", "subject": "a", "partitionkey": "p", "sequence": "7"}
    return CloudEvent(attributes | {"datacontenttype": "application/json"}, {"value": 1.5})


def test_reads_what_the_sdk_writes() -> None:
    for write in (to_binary, to_structured):
        headers, body = write(sdk_event())
        event = parse(received(headers), body)
        assert json.loads(event.data) == {"value": 1.5}
        assert event.key == "p"
        expected = {name: sdk_event()[name] for name in ("id", "source", "type", "subject", "sequence")}
        assert expected.items() <= event.attributes.items()
        assert event.attributes["datacontenttype"].startswith("application/json")


def test_the_sdk_reads_what_it_writes() -> None:
    event = parse(received({**REQUIRED, "Content-Type": "application/json"}), b'{"a": 1}')
    read = from_http(binary_headers(event), event.data)
    assert (read["id"], read["type"], read.data) == ("1", "t", {"a": 1})


def test_values_are_percent_encoded_in_headers() -> None:
    headers = received({**REQUIRED, "CE-Subject": "Euro%20%E2%82%AC%20%F0%9F%98%80", "ce-plain": "a-b/c:d;e"})
    event = parse(headers, b"")
    assert event.attributes["subject"] == "Euro € 😀"
    written = binary_headers(event)
    assert written["ce-subject"] == "Euro%20%E2%82%AC%20%F0%9F%98%80"
    assert written["ce-plain"] == "a-b/c:d;e"


def test_binary_data_are_left_alone() -> None:
    data = b"\x00\xff 1.10 "
    assert parse(received({**REQUIRED, "Content-Type": "application/json"}), data).data == data


@pytest.mark.parametrize(
    ("member", "data", "content_type"),
    [
        ({"data": {"a": "ü"}}, '{"a":"ü"}'.encode(), "application/json"),
        ({"data": "text", "datacontenttype": "text/plain"}, b"text", "text/plain"),
        ({"data": "text", "datacontenttype": "application/json"}, b'"text"', "application/json"),
        ({"data_base64": "AP8=", "datacontenttype": "application/x"}, b"\x00\xff", "application/x"),
        ({}, b"", None),
    ],
)
def test_structured_data(member: dict[str, str], data: bytes, content_type: str | None) -> None:
    document = {"id": "1", "source": "/s", "type": "t", "specversion": "1.0", "flag": True, "n": 3, "no": None}
    headers = received({"Content-Type": "application/cloudevents+json; charset=utf-8"})
    event = parse(headers, json.dumps(document | member).encode())
    assert event.data == data
    assert event.attributes.get("datacontenttype") == content_type
    assert (event.attributes["flag"], event.attributes["n"]) == ("true", "3")
    assert "no" not in event.attributes


@pytest.mark.parametrize(
    ("headers", "body", "named"),
    [
        *(({**REQUIRED, f"ce-{name}": ""}, b"", name) for name in ("id", "source", "type", "specversion")),
        ({**REQUIRED, "ce-specversion": "0.3"}, b"", "specversion"),
        ({**REQUIRED, "ce-partition_key": "a"}, b"", "partition_key"),
        ({**REQUIRED, "ce-subject": "a%0Ab"}, b"", "subject"),
        ({"Content-Type": "application/json"}, b"{}", "id"),
        ({"Content-Type": "application/cloudevents-batch+json"}, b"[]", "batch"),
        ({"Content-Type": "application/cloudevents+json"}, b"{", "JSON"),
        ({"Content-Type": "application/cloudevents+json"}, b"\xff", "JSON"),
        ({"Content-Type": "application/cloudevents+json"}, b"[]", "object"),
        ({"Content-Type": "application/cloudevents+json"}, b'{"id": {}}', "id"),
        ({"Content-Type": "application/cloudevents+json"}, b'{"id": 1.5}', "id"),
        ({"Content-Type": "application/cloudevents+json"}, b'{"data_base64": "?"}', "data_base64"),
    ],
)
def test_what_is_no_event_is_named(headers: dict[str, str], body: bytes, named: str) -> None:
    with pytest.raises(NotACloudEvent, match=named):
        parse(received(headers), body)
