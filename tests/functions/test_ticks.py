"""GET /ticks: whoever sent a tick finds its observation and predictions by the tick's own source and id."""

from __future__ import annotations

from collections.abc import Callable

import requests

from tests.function_processes import FunctionProcess
from tests.functions.conftest import LEDGER_MODELS, ROWS
from tests.functions.sending import TICK, StandIn, deliver, new_series

Models = Callable[[str], FunctionProcess]
SOURCE = "/tests/minute"
ID = "2026-11-23T07:00:00+01:00"  # a plus is a plus in a path
AT = f"/ticks/{ID}"


def forward(to: FunctionProcess, answer: requests.Response) -> requests.Response:
    """Deliver what a function answered to the next, as the Broker does."""
    headers = {
        name: value for name, value in answer.headers.items() if name.lower().startswith(("ce-", "content-type"))
    }
    return to.call("POST", "/", data=answer.content, headers=headers)


def test_a_tick_is_followed_through_the_stages(
    ledger: FunctionProcess, ingest: FunctionProcess, features: FunctionProcess, models: Models
) -> None:
    series = new_series("minute")
    tick = {"source": SOURCE, "series_id": series}
    early = ledger.get(AT, **tick)
    assert early.status_code == 404
    assert "ingest has not answered" in early.json()["error"]

    observation = deliver(ingest, TICK, {"source": "csv"}, id=ID, source=SOURCE, subject=series)
    assert "features has not recorded" in ledger.get(AT, **tick).json()["error"]

    row = forward(features, observation)
    seen = ledger.get(AT, **tick).json()
    assert (seen["status"], seen["seq"], seen["value"]) == ("observed", 1, observation.json()["value"])
    missing = ledger.get(AT, **tick, model=LEDGER_MODELS[0], wait=1)
    assert missing.status_code == 404
    assert f"{LEDGER_MODELS[0]!r} has not predicted observation 1" in missing.json()["error"]

    said = forward(models(LEDGER_MODELS[0]), row).json()
    found = ledger.get(AT, **tick, model=LEDGER_MODELS[0]).json()
    assert found["status"] == "predicted"
    assert {name: found[name] for name in ("prediction", "error", "duration_ms", "seq")} == {
        name: said[name] for name in ("prediction", "error", "duration_ms", "seq")
    }
    assert ledger.get(AT, **tick, model=LEDGER_MODELS[1]).status_code == 404


def test_when_the_data_is_exhausted_that_is_what_every_stage_says(
    ledger: FunctionProcess, ingest: FunctionProcess
) -> None:
    series = new_series("short")
    for number in range(ROWS + 1):
        answer = deliver(ingest, TICK, None, id=f"t{number}", source=SOURCE, subject=series)
    assert answer.status_code == 204
    last = {"source": SOURCE, "series_id": series}
    for model in ({}, {"model": LEDGER_MODELS[0]}):
        answer = ledger.get(f"/ticks/t{ROWS}", **last, **model)
        assert (answer.status_code, answer.json()["status"]) == (200, "exhausted")


def test_a_backfill_brings_a_model_that_is_behind_up_to_the_newest_observation(
    ledger: FunctionProcess, features: FunctionProcess, models: Models, broker: StandIn
) -> None:
    series = new_series("behind")
    assert ledger.post(f"/series/{series}/backfill", None).status_code == 404
    for value in (3, 1, 4, 1, 5):
        features.post("/add", {"series_id": series, "value": value})
    broker.say("/", 202, {})
    assert ledger.post(f"/series/{series}/backfill", None).json() == {"series_id": series, "seq": 5}
    _, _, headers, body = broker.heard[-1]
    models(LEDGER_MODELS[0]).call("POST", "/", data=body, headers=headers)
    said = ledger.get("/predictions", series_id=series, model=LEDGER_MODELS[0]).json()["predictions"]
    assert [row["target"] for row in said] == [3, 1, 4, 1, 5]
