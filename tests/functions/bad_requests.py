"""Requests that no function takes: fields, bodies, queries, addresses."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

JSON = {"Content-Type": "application/json"}
STRUCTURED = {"Content-Type": "application/cloudevents+json"}
ADD = {"series_id": "bad", "value": 1}
LEARN = {"series_id": "bad", "features": {"in_1": 1, "in_2": 2}, "target": 3}
MANY = {"series_id": "bad", "features": {"in_1": 1, "in_2": 2}, "steps": 3}
PREDICTED = {"series_id": "bad", "seq": 1, "model": "knn_regressor", "prediction": 1, "target": 2}
TOO_LONG = b'{"value": 1, "series_id": "' + b"x" * 65_536 + b'"}'
DEEP = b'{"value":' + b"[" * 20 + b"]" * 20 + b"}"
VERY_DEEP = b'{"value":' + b"[" * 30_000 + b"]" * 30_000 + b"}"


@dataclass(frozen=True)
class Bad:
    """A request that must be refused.

    Attributes
    ----------
    names
        What the error's sentence has to mention.
    """

    to: str
    what: str
    status: int
    names: str
    method: str = "POST"
    path: str = "/"
    body: bytes | None = None
    headers: dict[str, str] = field(default_factory=lambda: dict(JSON))
    chunked: bool = False


def field_cases(to: str, path: str, good: dict[str, Any], name: str) -> Iterator[Bad]:
    """Yield what a required number can be wrong with, in the body of a call."""
    kinds: dict[str, Any] = {
        "a text": "1",
        "a boolean": True,
        "null": None,
        "a list": [1],
        "an object": {},
        "too large": 1e16,
        "too large a whole number": 10**400,
        "too small": -1e16,
    }
    for kind, value in kinds.items():
        yield Bad(to, f"{path} {name} is {kind}", 422, name, path=path, body=json.dumps({**good, name: value}).encode())
    for constant in ("NaN", "Infinity", "-Infinity", "1e999"):
        body = json.dumps({**good, name: "@"}).replace('"@"', constant).encode()
        yield Bad(to, f"{path} {name} is {constant}", 422 if constant == "1e999" else 400, "", path=path, body=body)
    less = {key: value for key, value in good.items() if key != name}
    yield Bad(to, f"{path} {name} is missing", 422, name, path=path, body=json.dumps(less).encode())
    misspelt = {**less, f"{name}e": good[name]}
    yield Bad(to, f"{path} {name} is misspelt", 422, name, path=path, body=json.dumps(misspelt).encode())


def series_cases(to: str, path: str, good: dict[str, Any]) -> Iterator[Bad]:
    """Yield what a series' id can be wrong with."""
    ids: tuple[Any, ...] = ("", " ", "a b", "x" * 129, "ä", "a\n", "../x", "{x}", "*", 5, True, None, [], "\ud800")
    for value in ids:
        body = json.dumps({**good, "series_id": value}).encode()
        yield Bad(to, f"{path} series_id {ascii(value)[:12]}", 422, "series_id", path=path, body=body)


def body_cases(to: str, path: str, good: dict[str, Any]) -> Iterator[Bad]:
    """Yield what a JSON body can be wrong with as a whole."""
    text = json.dumps(good).encode()
    for kind, body, status, names in (
        ("empty", b"", 400, "JSON"),
        ("cut", text[:-1], 400, "JSON"),
        ("an array", b"[1]", 422, "JSON object"),
        ("a text", b'"x"', 422, "JSON object"),
        ("null", b"null", 422, "JSON object"),
        ("not UTF-8", text[:-1] + b', "\xff": 1}', 400, "UTF-8"),
        ("UTF-16", text.decode().encode("utf-16"), 400, "UTF-8"),
        ("too deep", DEEP, 400, "deep"),
        ("far too deep", VERY_DEEP, 400, "deep"),
        ("over 64 KiB", TOO_LONG, 413, "65536"),
    ):
        yield Bad(to, f"{path} body is {kind}", status, names, path=path, body=body)
    yield Bad(to, f"{path} over 64 KiB in chunks", 413, "65536", path=path, body=TOO_LONG, chunked=True)
    unknown = json.dumps({**good, "colour": 1}).encode()
    yield Bad(to, f"{path} an unknown field", 422, "colour", path=path, body=unknown)
    for content_type in ("text/plain", "application/x-www-form-urlencoded", "application/json; charset=latin-1", ""):
        headers = {"Content-Type": content_type}
        yield Bad(to, f"{path} as {content_type!r}", 415, "Content-Type", path=path, body=text, headers=headers)


def call_cases() -> Iterator[Bad]:
    """Yield the calls with a body."""
    for to, path, good, names in (
        ("features", "/add", ADD, ("value",)),
        ("model", "/predict_learn", LEARN, ("target",)),
        ("model", "/predict_many", MANY, ()),
    ):
        yield from body_cases(to, path, good)
        yield from series_cases(to, path, good)
        for name in names:
            yield from field_cases(to, path, good, name)
    for lags in ({}, [1], None, "x", {"in_2": 1}, {"in_1": 1, "in_3": 1}, {"in_0": 1}, {"in_1": None}, {"in_1": True}):
        for path, good in (("/predict_learn", LEARN), ("/predict_many", MANY)):
            body = json.dumps({**good, "features": lags}).encode()
            yield Bad("model", f"{path} features {lags}", 422, "features", path=path, body=body)
    many = {f"in_{k}": 1 for k in range(1, 1002)}
    body = json.dumps({**LEARN, "features": many}).encode()
    yield Bad("model", "too many features", 422, "features", path="/predict_learn", body=body)
    for steps in (0, 101, -1, 1.5, "3", True, None, 10**30):
        body = json.dumps({**MANY, "steps": steps}).encode()
        yield Bad("model", f"/predict_many steps {steps}", 422, "steps", path="/predict_many", body=body)
    for seq in (0, -1, 1.5, "1", True, 10**13):
        body = json.dumps({**LEARN, "seq": seq}).encode()
        yield Bad("model", f"/predict_learn seq {seq}", 422, "seq", path="/predict_learn", body=body)
    for key in ("", "x" * 257):
        headers = {**JSON, "Idempotency-Key": key}
        for to, path, good in (("features", "/add", ADD), ("model", "/predict_learn", LEARN)):
            body = json.dumps(good).encode()
            yield Bad(to, f"{path} key of {len(key)}", 422, "Idempotency-Key", path=path, body=body, headers=headers)
    yield Bad("ledger", "replay misspelt", 422, "series_id", path="/deadletters/replay", body=b'{"series": "x"}')
    yield Bad("ledger", "a burial of no event", 400, "CloudEvent", path="/deadletters", body=b"{}")


def query_cases() -> Iterator[Bad]:
    """Yield the questions."""
    for to, path, status, names in (
        ("model", "/forecast?series_id=a%20b", 422, "series_id"),
        ("model", "/forecast?steps=0", 422, "steps"),
        ("model", "/forecast?steps=101", 422, "steps"),
        ("model", "/forecast?steps=x", 422, "steps"),
        ("model", "/forecast?steps=%D9%A1", 422, "steps"),
        ("model", "/forecast?steps=" + "9" * 3000, 422, "steps"),
        ("model", "/forecast?step=1", 422, "step"),
        ("model", "/forecast?steps=1&steps=2", 422, "steps"),
        ("ledger", "/runs/bad/0", 422, "number"),
        ("ledger", "/runs/bad/x", 422, "number"),
        ("ledger", "/runs/bad/-1", 422, "number"),
        ("ledger", "/runs/bad/" + "9" * 3000, 422, "number"),
        ("ledger", "/runs/a%20b/1", 422, "series_id"),
        ("ledger", "/runs/bad/1?wait=31", 422, "wait"),
        ("ledger", "/runs/bad/1?wait=NaN", 422, "wait"),
        ("ledger", "/runs/bad/1?until=3", 422, "until"),
        ("ledger", "/runs/bad/1", 404, "bad"),
        ("ledger", "/runs//bad/1", 404, "/runs"),
        ("ledger", "/predictions", 422, "model"),
        ("ledger", "/predictions?model=none", 422, "model"),
        ("ledger", "/predictions?model=knn_regressor&from=0", 422, "from"),
        ("ledger", "/predictions?model=knn_regressor&to=x", 422, "to"),
        ("ledger", "/predictions?model=knn_regressor&from=5&to=4", 422, "to"),
        ("ledger", "/predictions?model=knn_regressor&limit=4", 422, "limit"),
        ("ledger", "/leaderboard?series_id=", 422, "series_id"),
        ("ledger", "/leaderboard?series=x", 422, "series"),
        ("ledger", "/deadletters?after=x", 422, "after"),
        ("ledger", "/deadletters?after=%D9%A1-%D9%A1", 422, "after"),
        ("ledger", "/deadletters?series_id=%FF", 422, "series_id"),
        ("ingest", "/next/a%20b", 404, "symbol"),
        ("ingest", "/next/" + "X" * 13, 404, "symbol"),
        ("ingest", "/next/%C3%84", 404, "symbol"),
    ):
        yield Bad(to, f"GET {path[:48]}", status, names, "GET", path, headers={})
    yield Bad("ledger", "DELETE a bad id", 422, "series_id", "DELETE", "/series/a%20b", headers={})
    yield Bad("ledger", "DELETE an unknown series", 404, "bad", "DELETE", "/series/bad", headers={})


def address_cases() -> Iterator[Bad]:
    """Yield what is asked at a wrong address or with a wrong method."""
    posts = {"features": "/add", "model": "/predict_learn", "ingest": "/reset", "ledger": "/deadletters/replay"}
    gets = {"features": "/info", "model": "/forecast", "ingest": "/next", "ledger": "/leaderboard"}
    for to in posts:
        for path in ("/nothing", "/health/", "/health//", "/health//x", "/%2e%2e", "/%FF"):
            yield Bad(to, f"{to} GET {path}", 404, "/", "GET", path, headers={})
        yield Bad(to, f"{to} POST /nothing", 404, "/nothing", path="/nothing", body=b"{}")
        yield Bad(to, f"{to} GET {posts[to]}", 405, "POST", "GET", posts[to], headers={})
        yield Bad(to, f"{to} GET /", 405, "POST", "GET", "/", headers={})
        yield Bad(to, f"{to} POST {gets[to]}", 405, "GET", path=gets[to], body=b"{}")
        yield Bad(to, f"{to} PUT {gets[to]}", 405, "GET", "PUT", gets[to], body=b"{}")
        yield Bad(to, f"{to} DELETE /health", 405, "GET", "DELETE", "/health", headers={})
