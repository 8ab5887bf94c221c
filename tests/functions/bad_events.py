"""Events that no function takes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from tests.functions.bad_requests import ADD, LEARN, PREDICTED, STRUCTURED, TOO_LONG, VERY_DEEP, Bad
from tests.functions.sending import FEATURES, OBSERVATION, PREDICTION, TICK, binary


def event_cases() -> Iterator[Bad]:
    """Yield what is delivered at ``POST /``."""
    features_data = {**LEARN, "seq": 1}
    accepted = {
        "features": (OBSERVATION, ADD),
        "model": (FEATURES, features_data),
        "ledger": (PREDICTION, PREDICTED),
        "ingest": (TICK, {}),
    }
    for to, (type, good) in accepted.items():
        text = json.dumps(good).encode()
        yield Bad(to, f"{to} no event", 400, "CloudEvent", body=b"{}")
        yield Bad(to, f"{to} no event, no body", 400, "CloudEvent", headers={})
        yield Bad(to, f"{to} another type", 422, "type", body=text, headers=binary("a.stranger"))
        yield Bad(to, f"{to} no type", 400, "type", body=text, headers={**binary(type), "ce-type": ""})
        yield Bad(to, f"{to} no id", 400, "id", body=text, headers={**binary(type), "ce-id": ""})
        yield Bad(to, f"{to} specversion 0.3", 400, "specversion", body=text, headers=binary(type, specversion="0.3"))
        yield Bad(to, f"{to} specversion 9", 400, "", body=text, headers=binary(type, specversion="9"))
        yield Bad(to, f"{to} a long id", 400, "id", body=text, headers=binary(type, id="x" * 1025))
        yield Bad(to, f"{to} a line break in an id", 400, "id", body=text, headers=binary(type, id="a%0Ab"))
        wrong = {**binary(type), "Content-Type": "text/xml"}
        yield Bad(to, f"{to} XML", 415, "datacontenttype", body=text, headers=wrong)
        for kind, body in (("cut", text[:-1]), ("not UTF-8", b'{"a": "\xff"}'), ("NaN", b'{"value": NaN}')):
            yield Bad(to, f"{to} event data {kind}", 400, "data", body=body, headers=binary(type))
        yield Bad(to, f"{to} event data too deep", 400, "deep", body=VERY_DEEP, headers=binary(type))
        yield Bad(to, f"{to} event data an array", 422, "object", body=b"[1]", headers=binary(type))
        yield Bad(to, f"{to} event over 64 KiB", 413, "65536", body=TOO_LONG, headers=binary(type))
        unknown = json.dumps({**good, "colour": 1}).encode()
        yield Bad(to, f"{to} event, unknown field", 422, "colour", body=unknown, headers=binary(type))
        for kind, body in (
            ("bad JSON", b'{"specversion": "1.0", '),
            ("an array", b"[]"),
            ("a number", b"5"),
            ("not UTF-8", b'{"id": "\xff"}'),
            ("no type", b'{"specversion": "1.0", "id": "1", "source": "/x", "data": {}}'),
            ("an id of null", b'{"specversion": "1.0", "id": null, "source": "/x", "type": "y", "data": {}}'),
            (
                "bad base64",
                f'{{"specversion":"1.0","id":"1","source":"/x","type":"{type}","data_base64":"*"}}'.encode(),
            ),
            ("too deep", b'{"specversion":"1.0","id":"1","source":"/x","type":"y","data":' + VERY_DEEP[9:]),
        ):
            yield Bad(to, f"{to} structured, {kind}", 400, "", body=body, headers=STRUCTURED)
    yield from _number_cases()


def _number_cases() -> Iterator[Bad]:
    text = json.dumps(ADD).encode()
    values: tuple[Any, ...] = ("1", True, None, 1e16, [])
    for sequence in ("0", "-1", "x", "1.5", "9" * 30, "%D9%A1"):
        headers = binary(OBSERVATION, sequence=sequence)
        yield Bad("features", f"sequence {sequence[:9]}", 400, "sequence", body=text, headers=headers)
    for to, type, good, name in (
        ("features", OBSERVATION, ADD, "value"),
        ("model", FEATURES, {**LEARN, "seq": 1}, "target"),
        ("model", FEATURES, {**LEARN, "seq": 1}, "seq"),
        ("ledger", PREDICTION, PREDICTED, "prediction"),
        ("ledger", PREDICTION, PREDICTED, "seq"),
    ):
        for value in values:
            body = json.dumps({**good, name: value}).encode()
            yield Bad(to, f"{to} event {name} {value}", 422, name, body=body, headers=binary(type))
        less = json.dumps({key: item for key, item in good.items() if key != name}).encode()
        yield Bad(to, f"{to} event without {name}", 422, name, body=less, headers=binary(type))
        no_series = json.dumps({key: item for key, item in good.items() if key != "series_id"}).encode()
        yield Bad(to, f"{to} event {name} no series", 422, "series_id", body=no_series, headers=binary(type))
    tick = binary(TICK, subject="a%20b")
    yield Bad("ingest", "a tick for a bad series", 422, "subject", body=b"{}", headers=tick)
    yield Bad("ingest", "a tick for 5", 422, "source", body=b'{"source": 5}', headers=binary(TICK))
    yield Bad("ingest", "a tick for no symbol", 422, "source", body=b'{"source": "a b"}', headers=binary(TICK))
