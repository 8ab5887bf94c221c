"""CloudEvents: the types that there are, reading them, and deriving the next from one."""

from __future__ import annotations

import json
import re
import string
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, unquote

from cloudevents.conversion import to_binary
from cloudevents.http import CloudEvent, from_http

from rivulet.errors import Malformed, WrongType
from rivulet.fields import MOST_SEQ, parse_json

TICK = "dev.rivulet.tick.v1"
OBSERVATION = "dev.rivulet.observation.v1"
FEATURES = "dev.rivulet.features.v1"
PREDICTION = "dev.rivulet.prediction.v1"
TYPES = (TICK, OBSERVATION, FEATURES, PREDICTION)

_FAMILY = uuid.UUID("6f0a4d0e-3c52-5a57-9d5e-2d7c1b6c9f11")
_REQUIRED = ("id", "source", "type")
_MOST_ATTRIBUTE = 1024
# What the HTTP binding leaves as it is in a header; everything else is percent-encoded.
_PLAIN = string.ascii_letters + string.digits + "".join(set(string.punctuation) - set('"%'))
_SEQUENCE = re.compile(r"[0-9]{1,20}")


@dataclass(frozen=True)
class Event:
    """A CloudEvent, parsed.

    Attributes
    ----------
    extensions
        Every attribute other than `id`, `source` and `type`.
    data
        The parsed JSON data.
    """

    id: str
    source: str
    type: str
    data: Any
    extensions: Mapping[str, str] = field(default_factory=dict)

    @property
    def identity(self) -> str:
        """What makes two deliveries the same event: source and id."""
        return f"{self.source}\n{self.id}"

    @property
    def sequence(self) -> int | None:
        """The producer's number of the event in its series.

        Raises
        ------
        Malformed
            If it is there, but no number from 1.
        """
        text = self.extensions.get("sequence")
        if text is None:
            return None
        if not _SEQUENCE.fullmatch(text) or not 1 <= int(text) <= MOST_SEQ:
            raise Malformed(f"attribute 'sequence' must be a whole number from 1 to {MOST_SEQ}, not {text[:40]!r}")
        return int(text)

    def derive(self, type: str, emitter: str, series_id: str, seq: int, data: Mapping[str, Any]) -> Event:
        """Return the event that follows from this one; the same one whenever it is derived again.

        Parameters
        ----------
        emitter
            The service that answers.
        seq
            The observation's number in its series.
        """
        source = f"/rivulet/{emitter}"
        extensions = {"subject": series_id, "partitionkey": series_id, "sequence": str(seq)}
        if trace := self.extensions.get("traceparent"):
            extensions["traceparent"] = trace
        id = str(uuid.uuid5(_FAMILY, "\n".join((self.source, self.id, source, type))))
        return Event(id, source, type, data, extensions)


def parse(headers: Mapping[str, str], body: bytes) -> Event:
    """Read a CloudEvent in binary or structured mode.

    Raises
    ------
    Malformed
        If it is none.
    WrongType
        If its data is no JSON.
    """
    headers = {name.lower(): value for name, value in headers.items()}
    try:
        event = from_http(headers, body, data_unmarshaller=_keep)
    except Exception as error:  # noqa: BLE001 - besides its own, the SDK lets through whatever an odd body makes it raise
        raise Malformed(f"this is no CloudEvent: {_first_line(error)}") from None
    attributes = {name: str(value) for name, value in event.get_attributes().items() if value is not None}
    if "ce-specversion" in headers:  # binary mode
        attributes = {name: unquote(value) for name, value in attributes.items()}
    if attributes.pop("specversion", "") != "1.0":
        raise Malformed("attribute 'specversion' must be 1.0")
    for name, value in attributes.items():
        if len(value) > _MOST_ATTRIBUTE or not value.isprintable():
            raise Malformed(f"attribute {name!r} must be printable and at most {_MOST_ATTRIBUTE} characters long")
    for name in _REQUIRED:
        if not attributes.get(name):
            raise Malformed(f"attribute {name!r} is missing")
    content_type = attributes.pop("datacontenttype", "application/json")
    if not is_json(content_type):
        raise WrongType(f"attribute 'datacontenttype' must be application/json, not {content_type!r}")
    id, source, type = (attributes.pop(name) for name in _REQUIRED)
    return Event(id, source, type, _data(event.get_data()), attributes)


def is_json(content_type: str) -> bool:
    """Whether a content type says JSON in UTF-8."""
    kind, _, parameters = content_type.lower().partition(";")
    charset = re.search(r"charset\s*=\s*\"?([\w-]+)", parameters)
    return kind.strip() == "application/json" and (charset is None or charset[1] in ("utf-8", "utf8", "us-ascii"))


def to_http(event: Event) -> tuple[dict[str, str], bytes]:
    """Return headers and body of the event in binary mode."""
    attributes = {"id": event.id, "source": event.source, "type": event.type, **event.extensions}
    cloud_event = CloudEvent({**attributes, "datacontenttype": "application/json"}, event.data)
    headers, body = to_binary(cloud_event, data_marshaller=_dump)
    return {name: quote(value, _PLAIN) if name.startswith("ce-") else value for name, value in headers.items()}, body


def _dump(data: Any) -> bytes:
    return json.dumps(data, separators=(",", ":"), allow_nan=False).encode()


def _keep(data: Any) -> Any:
    return data


def _data(data: Any) -> Any:
    """Parse binary mode's data; structured mode's comes parsed, unless it is JSON with what JSON does not have."""
    if isinstance(data, bytes | str):
        return parse_json(data.encode() if isinstance(data, str) else data, "the event's data")
    return parse_json(json.dumps(data).encode(), "the event's data")


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200]
