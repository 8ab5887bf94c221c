"""CloudEvents 1.0 over HTTP, binary and structured, with the data left as the bytes that came.

The SDK parses and writes the data anew, which costs time and may change numbers; a Broker has no business in there.
"""

from __future__ import annotations

import base64
import binascii
import functools
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, unquote

TTL = "knativebrokerttl"  # how often an event may still pass the Broker: its own mark, which no subscriber sees
_REQUIRED = ("id", "source", "type", "specversion")
_NAME = re.compile(r"[a-z0-9]+")
# Characters that the HTTP binding lets stand in a header as they are.
_SAFE = "".join(chr(code) for code in range(0x21, 0x7F) if chr(code) not in '"%')
_PLAIN = re.compile(rf"[{re.escape(_SAFE)}]*")
_encode = json.JSONEncoder(separators=(",", ":")).encode  # made once: `json.dumps` would make one each time

# What the specification keeps out of strings: control characters and halves of surrogate pairs.
_FORBIDDEN = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


class NotACloudEvent(ValueError):
    """A message is no CloudEvent; the sentence says what is missing or wrong."""


@dataclass(slots=True)
class Event:
    """An event: attributes (``datacontenttype`` among them) and data.

    It is not changed once it was written for the first time: what it is written as goes to each subscriber.
    """

    attributes: dict[str, str]
    data: bytes
    _message: bytes = field(default=b"", init=False, compare=False, repr=False)
    _record: bytes = field(default=b"", init=False, compare=False, repr=False)

    @property
    def key(self) -> str | None:
        """What the event is ordered by: its partition key, else its subject."""
        return self.attributes.get("partitionkey") or self.attributes.get("subject")

    def having(self, **attributes: str) -> Event:
        """Return the same event with other values of some attributes."""
        return Event({**self.attributes, **attributes}, self.data)

    def message(self) -> bytes:
        """Return the event in binary mode: the headers of a message, its length among them, and its body."""
        if not self._message:
            fields = "".join([f"{name}: {value}\r\n" for name, value in binary_headers(self).items()])
            self._message = f"{fields}Content-Length: {len(self.data)}\r\n\r\n".encode() + self.data
        return self._message

    def record(self) -> bytes:
        """Return the event as it is kept in the queue: attributes as JSON, which needs no line feed, then data."""
        if not self._record:
            self._record = _encode(self.attributes).encode() + b"]\n" + self.data
        return self._record


def is_event(headers: Mapping[str, str]) -> bool:
    """Tell whether a message, whose headers have lower-case names, claims to be a CloudEvent."""
    return "ce-specversion" in headers or headers.get("content-type", "").startswith("application/cloudevents")


def parse(headers: Mapping[str, str], body: bytes) -> Event:
    """Read an event from a message in binary or structured mode.

    Parameters
    ----------
    headers
        By their names in lower case.

    Raises
    ------
    NotACloudEvent
        If it is none.
    """
    content_type = headers.get("content-type", "")
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type == "application/cloudevents+json":
        event = _structured(body)
    elif media_type.startswith("application/cloudevents"):
        raise NotACloudEvent(f"Content-Type {media_type} is not taken: send one event, binary or as JSON.")
    else:
        event = Event(_binary_attributes(headers, content_type), body)
    return _validated(event)


def binary_headers(event: Event) -> dict[str, str]:
    """Return the headers of an event in binary mode, without the Broker's mark; its data is the body."""
    headers = {}
    for name, value in event.attributes.items():
        if name == "datacontenttype":
            headers["Content-Type"] = value
        elif name != TTL:
            headers[f"ce-{name}"] = value if _PLAIN.fullmatch(value) else quote(value, safe=_SAFE)
    return headers


def _binary_attributes(headers: Mapping[str, str], content_type: str) -> dict[str, str]:
    attributes = {name[3:]: value for name, value in headers.items() if name.startswith("ce-")}
    for name, value in attributes.items():
        if "%" in value:
            attributes[name] = unquote(value)
    if content_type:
        attributes["datacontenttype"] = content_type
    return attributes


def _structured(body: bytes) -> Event:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        raise NotACloudEvent("The body is no JSON, but Content-Type says application/cloudevents+json.") from None
    if not isinstance(document, dict):
        raise NotACloudEvent("The body has to be a JSON object with the event's attributes.")
    data = _structured_data(document)
    attributes = {name: _text(name, value) for name, value in document.items() if value is not None}
    if data and "datacontenttype" not in attributes:
        attributes["datacontenttype"] = "application/json"
    return Event(attributes, data)


def _structured_data(document: dict[str, Any]) -> bytes:
    encoded, value = document.pop("data_base64", None), document.pop("data", None)
    if encoded is not None:
        try:
            return base64.b64decode(encoded, validate=True)
        except (TypeError, ValueError, binascii.Error):
            raise NotACloudEvent("data_base64 is no base64.") from None
    if value is None:
        return b""
    kind = document.get("datacontenttype") or "application/json"
    if isinstance(value, str) and not re.search(r"[/+]json\b", str(kind)):
        return value.encode()
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def _text(name: str, value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str | int):
        raise NotACloudEvent(f"The attribute {name!r} has to be a string, a whole number or a boolean.")
    return str(value)


@functools.lru_cache(256)
def _is_name(name: str) -> bool:
    return bool(_NAME.fullmatch(name))


def _validated(event: Event) -> Event:
    for name in _REQUIRED:
        if not event.attributes.get(name):
            raise NotACloudEvent(f"The attribute {name!r} is missing.")
    if event.attributes["specversion"] != "1.0":
        raise NotACloudEvent(f"specversion has to be 1.0, not {event.attributes['specversion']!r}.")
    for name, value in event.attributes.items():
        if not value.isprintable() and _FORBIDDEN.search(value):
            raise NotACloudEvent(f"The attribute {name!r} has a control character in it.")
        if not _is_name(name):
            raise NotACloudEvent(f"The attribute {name!r} has a name that is not of lower-case letters and digits.")
    return event
