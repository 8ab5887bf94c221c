"""ledger: the way of an observation, predictions, the leaderboard, dead letters, the end of a series."""

from __future__ import annotations

import json
import math
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from tests.function_processes import FunctionProcess, RedisServer
from tests.functions.conftest import LEDGER_MODELS
from tests.functions.sending import FEATURES, OBSERVATION, PREDICTION, TICK, StandIn, deliver, new_series

VALUES = [50 + 10 * (k % 4) + k * 0.37 for k in range(26)]
SEASON = 4
Models = Callable[[str], FunctionProcess]


@pytest.fixture(scope="module")
def streamed(features: FunctionProcess, models: Models, ledger: FunctionProcess) -> str:
    """Return a series that went the whole way, event by event."""
    series = new_series("streamed")
    for k, value in enumerate(VALUES, 1):
        data = {"series_id": series, "value": value, "time": f"t{k}", "observation_id": str(k)}
        announced = deliver(features, OBSERVATION, data, id=f"{series}-{k}")
        for name in LEDGER_MODELS:
            predicted = deliver(models(name), FEATURES, announced.json(), id=announced.headers["ce-id"])
            assert predicted.status_code == 200, predicted.text
            noted = deliver(ledger, PREDICTION, predicted.json(), id=predicted.headers["ce-id"])
            assert noted.status_code == 204, noted.text
    return series


def test_the_way_of_an_observation(ledger: FunctionProcess, streamed: str) -> None:
    run = ledger.get(f"/runs/{streamed}/7").json()
    assert (run["series_id"], run["seq"], run["complete"], run["waiting_for"]) == (streamed, 7, True, [])
    observation = run["observation"]
    assert (observation["value"], observation["time"], observation["observation_id"]) == (VALUES[6], "t7", "7")
    assert (observation["event_id"], observation["event_source"]) == (f"{streamed}-7", "/tests")
    assert observation["appended_at"] <= run["models"][0]["learned_at"] <= run["models"][0]["recorded_at"]
    assert [stage["model"] for stage in run["models"]] == list(LEDGER_MODELS)
    for stage in run["models"]:
        assert (stage["n"], stage["target"]) == (7, VALUES[6])
        assert stage["error"] == abs(stage["target"] - stage["prediction"])
        assert len(stage["forecast"]) == 5
    assert run["dead_letters"] == []


def test_an_unknown_observation_is_not_there(ledger: FunctionProcess, streamed: str) -> None:
    assert ledger.get(f"/runs/{streamed}/999").status_code == 404
    assert ledger.get(f"/runs/{new_series()}/1").status_code == 404


def test_wait_ends_when_the_last_model_predicted(
    ledger: FunctionProcess, features: FunctionProcess, models: Models
) -> None:
    series = new_series("waited")
    added = features.post("/add", {"series_id": series, "value": 5}).json()
    body = {name: added[name] for name in ("series_id", "features", "target", "seq")}
    models(LEDGER_MODELS[0]).post("/predict_learn", body)
    run = ledger.get(f"/runs/{series}/1").json()
    assert (run["complete"], run["waiting_for"]) == (False, [LEDGER_MODELS[1]])
    started = time.monotonic()
    later = threading.Timer(0.6, models(LEDGER_MODELS[1]).post, ("/predict_learn", body))
    later.start()
    run = ledger.get(f"/runs/{series}/1", wait=20).json()
    assert run["complete"]
    assert 0.5 < time.monotonic() - started < 10
    later.join()


def test_predictions_in_order_and_by_range(ledger: FunctionProcess, streamed: str) -> None:
    for name in LEDGER_MODELS:
        answer = ledger.get("/predictions", series_id=streamed, model=name).json()
        assert [row["seq"] for row in answer["predictions"]] == list(range(1, len(VALUES) + 1))
        assert [row["target"] for row in answer["predictions"]] == VALUES
        assert answer["next"] is None
    some = ledger.get("/predictions", series_id=streamed, model=LEDGER_MODELS[0], **{"from": 5, "to": 8}).json()
    assert [row["seq"] for row in some["predictions"]] == [5, 6, 7, 8]
    none = ledger.get("/predictions", series_id=new_series(), model=LEDGER_MODELS[0]).json()
    assert none["predictions"] == []


def test_predictions_come_in_pages(ledger: FunctionProcess, redis_server: RedisServer) -> None:
    series, lesson = new_series("long"), {"lags": [1.0], "target": 1.0, "prediction": 1.0, "forecast": []}
    with redis_server.client() as client, client.pipeline() as pipeline:
        for n in range(1, 2202):
            body = json.dumps({**lesson, "seq": n, "top": n, "duration_ms": 0.1})
            entry = {"token": f"t{n}", "lesson": body, "at": 1}
            pipeline.xadd(f"model:{LEDGER_MODELS[0]}:{{{series}}}:journal", entry, id=f"{n}-0")
        pipeline.execute()
    found: list[int] = []
    sizes, start = [], 1
    while start:
        page = ledger.get("/predictions", series_id=series, model=LEDGER_MODELS[0], **{"from": start}).json()
        found += [row["seq"] for row in page["predictions"]]
        sizes.append(len(page["predictions"]))
        start = page["next"]
    assert sizes == [1000, 1000, 201]
    assert found == list(range(1, 2202))


def recomputed(pairs: list[tuple[float, float]]) -> dict[str, float]:
    """Recompute a row of the leaderboard from (target, prediction) pairs."""
    row: dict[str, float] = {"count": len(pairs)}
    for suffix, some in (("", pairs), ("_20", pairs[-20:])):
        errors = [abs(target - prediction) for target, prediction in some]
        row[f"mae{suffix}"] = sum(errors) / len(errors)
        row[f"rmse{suffix}"] = math.sqrt(sum(error**2 for error in errors) / len(errors))
        row[f"mape{suffix}"] = 100 * sum(abs((t - p) / t) for t, p in some) / len(some)
    return row


def test_leaderboard_is_that_of_the_predictions(ledger: FunctionProcess, streamed: str) -> None:
    board = ledger.get("/leaderboard", series_id=streamed).json()
    assert (board["series_id"], board["observations"], board["dead_letters"]) == (streamed, len(VALUES), 0)
    rows = {row["model"]: row for row in board["rows"]}
    pairs = {
        "naive": list(zip(VALUES[1:], VALUES, strict=False)),
        "seasonal_naive": list(zip(VALUES[SEASON:], VALUES, strict=False)),
        "drift": [(VALUES[k], VALUES[k - 1] + (VALUES[k - 1] - VALUES[0]) / (k - 1)) for k in range(2, len(VALUES))],
    }
    for name in (*LEDGER_MODELS, "champion"):
        page = ledger.get("/predictions", series_id=streamed, model=name).json()["predictions"]
        pairs[name] = [(row["target"], row["prediction"]) for row in page]
    assert set(rows) == set(pairs)
    reference = recomputed(pairs["seasonal_naive"])["mae"]
    for name, own in pairs.items():
        expected = recomputed(own)
        assert {key: rows[name][key] for key in expected} == pytest.approx(expected)
        assert rows[name]["relative_mae"] == pytest.approx(expected["mae"] / reference)
    assert [row["mae"] for row in board["rows"]] == sorted(row["mae"] for row in board["rows"])
    assert ledger.get("/leaderboard", series_id=new_series()).status_code == 404


def bury(ledger: FunctionProcess, series: str, type: str = FEATURES, **attributes: str) -> int:
    """Deliver a dead letter as the Broker does, and return the status."""
    reason = {"knativeerrordest": "http://model-knn", "knativeerrorcode": "422", "knativeerrordata": "bad%20one"}
    data = {"series_id": series, "seq": 3}
    known = {"id": f"dead-{series}", "subject": series, "sequence": "3", **reason, **attributes}
    return deliver(ledger, type, data, **known).status_code


def letters_of(ledger: FunctionProcess, series: str) -> list[dict[str, object]]:
    """Return the dead letters of a series."""
    found: list[dict[str, object]] = ledger.get("/deadletters", series_id=series).json()["dead_letters"]
    return found


@pytest.fixture
def _nothing_heard(broker: StandIn) -> Iterator[None]:
    broker.heard.clear()
    broker.say("/", 202, {})
    yield
    broker.heard.clear()


@pytest.mark.usefixtures("_nothing_heard")
def test_dead_letters_are_kept_once_listed_and_replayed(ledger: FunctionProcess, broker: StandIn) -> None:
    series, other = new_series("dead"), new_series("dead")
    assert [bury(ledger, series), bury(ledger, series), bury(ledger, other)] == [204, 204, 204]
    letters = letters_of(ledger, series)
    assert len(letters) == 1
    assert letters[0]["reason"] == {"dest": "http://model-knn", "code": "422", "data": "bad one"}
    assert letters[0]["data"] == {"series_id": series, "seq": 3}
    assert bury(ledger, series, knativeerrordest="http://model-amfr") == 204
    assert len(letters_of(ledger, series)) == 2
    assert ledger.get("/leaderboard", series_id=series).status_code == 404
    replayed = ledger.post("/deadletters/replay", {"series_id": series})
    assert replayed.json() == {"replayed": 2}
    assert [head["ce-id"] for _, _, head, _ in broker.heard] == [f"dead-{series}"] * 2
    method, _, headers, body = broker.heard[0]
    assert (method, headers["ce-type"], headers["ce-sequence"]) == ("POST", FEATURES, "3")
    assert not [name for name in headers if name.startswith("ce-knative")]
    assert json.loads(body) == {"series_id": series, "seq": 3}
    assert (letters_of(ledger, series), len(letters_of(ledger, other))) == ([], 1)
    assert ledger.call("POST", "/deadletters/replay").json()["replayed"] >= 1
    assert letters_of(ledger, other) == []
    assert (bury(ledger, series), len(letters_of(ledger, series))) == (204, 1)


def test_a_tick_only_wakes_the_ledger_and_one_that_was_given_up_is_kept(ledger: FunctionProcess) -> None:
    series = new_series("tick")
    assert deliver(ledger, TICK, {"source": "csv"}, subject=series).status_code == 204
    assert letters_of(ledger, series) == []
    assert bury(ledger, series, TICK) == 204
    assert len(letters_of(ledger, series)) == 1


@pytest.mark.usefixtures("_nothing_heard")
def test_what_the_broker_refuses_stays(ledger: FunctionProcess, broker: StandIn) -> None:
    series = new_series("refused")
    bury(ledger, series)
    broker.say("/", 500, {})
    answer = ledger.post("/deadletters/replay", {"series_id": series})
    assert answer.status_code == 503
    assert "Broker" in answer.json()["error"]
    assert len(letters_of(ledger, series)) == 1


def test_the_sink_has_an_address_of_its_own(ledger: FunctionProcess) -> None:
    series = new_series("sunk")
    headers = {"ce-specversion": "1.0", "ce-id": "1", "ce-source": "/x", "ce-type": "a.stranger", "ce-subject": series}
    sent = {"data": "{}", "headers": {**headers, "Content-Type": "application/json"}}
    answers = [ledger.call("POST", "/deadletters", **sent) for _ in range(2)]
    assert [(a.status_code, a.json()["kept"]) for a in answers] == [(202, True), (202, False)]
    assert len(letters_of(ledger, series)) == 1


def test_a_removed_series_is_gone_and_may_begin_anew(
    ledger: FunctionProcess, features: FunctionProcess, models: Models, redis_server: RedisServer
) -> None:
    series, kept = new_series("removed"), new_series("removed")
    for name in (series, f"{series}x", kept):
        added = features.post("/add", {"series_id": name, "value": 5}).json()
        body = {key: added[key] for key in ("series_id", "features", "target", "seq")}
        assert models(LEDGER_MODELS[0]).post("/predict_learn", body).json()["n"] == 1
    ledger.get("/leaderboard", series_id=series)
    answer = ledger.call("DELETE", f"/series/{series}")
    assert (answer.status_code, answer.content) == (204, b"")
    assert ledger.call("DELETE", f"/series/{series}").status_code == 404
    with redis_server.client() as client:
        assert list(client.scan_iter(f"*{{{series}}}*")) == []
    assert ledger.get(f"/runs/{series}/1").status_code == 404
    assert ledger.get(f"/runs/{series}x/1").status_code == 200
    again = features.post("/add", {"series_id": series, "value": 6}).json()
    assert (again["seq"], again["available_lags"]) == (1, 0)
    body = {key: again[key] for key in ("series_id", "features", "target", "seq")}
    assert models(LEDGER_MODELS[0]).post("/predict_learn", body).json()["n"] == 1
    assert ledger.get(f"/runs/{series}/1").json()["observation"]["value"] == 6


def test_health(ledger: FunctionProcess) -> None:
    assert ledger.get("/health").json()["status"] == "healthy"
