"""CloudEvents: the types that there are, reading them, and deriving the next from one."""

from __future__ import annotations

import base64
import hashlib
import re
import string
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, unquote

import msgspec

from rivulet.errors import Malformed, WrongType
from rivulet.fields import MOST_SEQ, parse_json

TICK = "dev.rivulet.tick.v1"
OBSERVATION = "dev.rivulet.observation.v1"
FEATURES = "dev.rivulet.features.v1"
PREDICTION = "dev.rivulet.prediction.v1"
TYPES = (TICK, OBSERVATION, FEATURES, PREDICTION)

_JSON = "application/json"
_FAMILY = bytes.fromhex("6f0a4d0e3c525a579d5e2d7c1b6c9f11")
_REQUIRED = ("specversion", "id", "source", "type")
_MOST_ATTRIBUTE = 1024
# What the HTTP binding leaves as it is in a header; everything else is percent-encoded.
_PLAIN = string.ascii_letters + string.digits + "".join(set(string.punctuation) - set('"%'))
_ALL_PLAIN = re.compile(rf"[{re.escape(_PLAIN)}]*")
_dump = msgspec.json.Encoder().encode
_SEQUENCE = re.compile(r"[0-9]{1,20}")
_TRACEPARENT = re.compile(r"00-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
_GIVEN_UP = "knativeerrorcode"
TICK_TIME = "ticktime"  # the extension that carries a tick's time to the end of the chain


class Event(msgspec.Struct, frozen=True):
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
    extensions: Mapping[str, str] = {}

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

    @property
    def is_dead_letter(self) -> bool:
        """Whether a Broker gave it up, and says why."""
        return _GIVEN_UP in self.extensions

    @property
    def traceparent(self) -> str:
        """The event's place in a trace: what it came with, else one that is a function of its identity."""
        given = self.extensions.get("traceparent")
        if given:
            return given
        digest = hashlib.sha256(self.identity.encode()).hexdigest()
        return f"00-{digest[:32]}-{digest[32:48]}-01"

    @property
    def trace_id(self) -> str:
        """The trace's id; empty where the event came with what is no traceparent."""
        match = _TRACEPARENT.fullmatch(self.traceparent)
        return match[1] if match else ""

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
        extensions["traceparent"] = self.traceparent
        begun = self.extensions.get("time") if self.type == TICK else self.extensions.get(TICK_TIME)
        if begun:
            extensions[TICK_TIME] = begun
        return Event(_id(f"{self.source}\n{self.id}\n{source}\n{type}"), source, type, data, extensions)


def _id(name: str) -> str:
    """Return the UUID of version 5 that a name has in the family, which takes ``uuid.uuid5`` ten times as long."""
    digits = hashlib.sha1(_FAMILY + name.encode(), usedforsecurity=False).hexdigest()
    variant = "89ab"[int(digits[16], 16) & 3]
    return f"{digits[:8]}-{digits[8:12]}-5{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:32]}"


def parse(headers: Mapping[str, str], body: bytes) -> Event:
    """Read a CloudEvent in binary or structured mode.

    Parameters
    ----------
    headers
        By their names in lower case.

    Raises
    ------
    Malformed
        If it is none.
    WrongType
        If its data is no JSON.
    """
    attributes, data = _read(headers, body)
    for name, value in attributes.items():
        if len(value) > _MOST_ATTRIBUTE or not value.isprintable():
            raise Malformed(f"attribute {name!r} must be printable and at most {_MOST_ATTRIBUTE} characters long")
    for name in _REQUIRED:
        if not attributes.get(name):
            raise Malformed(f"attribute {name!r} is missing")
    if attributes.pop("specversion") != "1.0":
        raise Malformed("attribute 'specversion' must be 1.0")
    id, source, type = (attributes.pop(name) for name in ("id", "source", "type"))
    return Event(id, source, type, data, attributes)


def _read(headers: Mapping[str, str], body: bytes) -> tuple[dict[str, str], Any]:
    """Return attributes and data, in either mode."""
    if "ce-specversion" in headers:
        attributes = {name[3:]: value for name, value in headers.items() if name.startswith("ce-")}
        for name, value in attributes.items():
            if "%" in value:
                attributes[name] = unquote(value)
        _require_json(headers.get("content-type", _JSON))
        return attributes, parse_json(body, "the event's data") if body else None
    structured = _structured(headers, body)
    from cloudevents.http import from_http  # here, as the Broker's events are in binary mode, and no start needs it

    try:
        event = from_http(dict(headers), body, data_unmarshaller=_keep)
    except Exception as error:  # noqa: BLE001 - besides its own, the SDK lets through whatever an odd body makes it raise
        raise Malformed(f"this is no CloudEvent: {_first_line(error)}") from None
    attributes = {name: str(value) for name, value in event.get_attributes().items() if value is not None}
    if "time" not in structured:
        del attributes["time"]  # which the SDK made up
    _require_json(attributes.pop("datacontenttype", _JSON))
    if "data" in structured:
        return attributes, structured["data"]
    data = event.get_data()
    return attributes, parse_json(data, "the event's data") if data else None


def _require_json(content_type: str) -> None:
    if content_type != _JSON and not is_json(content_type):
        raise WrongType(f"attribute 'datacontenttype' must be application/json, not {content_type[:80]!a}")


def _structured(headers: Mapping[str, str], body: bytes) -> dict[str, Any]:
    """Return the envelope of structured mode, read strictly: the SDK lets NaN pass, and what is no base64."""
    content_type = headers.get("content-type", "").lower()
    if content_type.startswith("application/cloudevents-batch"):
        raise WrongType("batches of events are not taken")
    if not content_type.startswith("application/cloudevents"):
        raise Malformed("this is no CloudEvent: there is no header 'ce-specversion', and no structured event")
    envelope = parse_json(body, "the event")
    if not isinstance(envelope, dict):
        raise Malformed("the event must be a JSON object")
    try:
        base64.b64decode(envelope.get("data_base64") or "", validate=True)
    except (ValueError, TypeError):
        raise Malformed("attribute 'data_base64' is no base64") from None
    return envelope


def is_json(content_type: str) -> bool:
    """Whether a content type says JSON in UTF-8."""
    kind, _, parameters = content_type.lower().partition(";")
    charset = re.search(r"charset\s*=\s*\"?([\w-]+)", parameters)
    return kind.strip() == "application/json" and (charset is None or charset[1] in ("utf-8", "utf8", "us-ascii"))


def to_http(event: Event) -> tuple[dict[str, str], bytes]:
    """Return headers and body of the event in binary mode."""
    headers = {"content-type": _JSON, "ce-specversion": "1.0", "ce-id": event.id}
    headers |= {"ce-source": event.source, "ce-type": event.type}
    for name, value in event.extensions.items():
        headers[f"ce-{name}"] = value
    if not _ALL_PLAIN.fullmatch("".join(headers.values())):
        headers = {name: quote(value, _PLAIN) for name, value in headers.items()}
    return headers, _dump(event.data)


def _keep(data: Any) -> Any:
    return data


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200]
