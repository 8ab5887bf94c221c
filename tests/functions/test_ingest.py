"""ingest: the data set, live prices, and the observation that answers a tick."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from tests.function_processes import FunctionProcess, free_port
from tests.functions.conftest import ROWS, Start
from tests.functions.sending import OBSERVATION, TICK, StandIn, binary, deliver, deliver_structured, new_series

SPOT = {"data": {"amount": "43210.5", "base": "BTC", "currency": "USD"}}


def test_rows_come_in_order_until_none_is_left(ingest: FunctionProcess) -> None:
    reset = ingest.call("POST", "/reset")
    assert reset.status_code == 200
    first = ingest.get("/next")
    assert first.json() == {"observation_id": 1, "input": "1949-01", "target": 111, "remaining": ROWS - 1}
    status = ingest.get("/status").json()
    assert status == {"current_index": 1, "total_observations": ROWS, "remaining": ROWS - 1, "completed": False}
    rest = [ingest.get("/next").json()["target"] for _ in range(ROWS - 1)]
    assert rest == [112, 113, 114, 115, 116]
    exhausted = ingest.get("/next")
    assert (exhausted.status_code, exhausted.content) == (204, b"")
    assert ingest.get("/status").json()["completed"] is True
    ingest.call("POST", "/reset")
    assert ingest.get("/next").json()["observation_id"] == 1


def test_health(ingest: FunctionProcess) -> None:
    assert ingest.get("/health").json() == {"status": "healthy", "total_observations": ROWS}


def test_callers_at_once_get_different_rows(ingest: FunctionProcess) -> None:
    ingest.call("POST", "/reset")
    with ThreadPoolExecutor(ROWS) as pool:
        answers = list(pool.map(lambda _: ingest.get("/next").json()["observation_id"], range(ROWS)))
    assert sorted(answers) == list(range(1, ROWS + 1))


def test_tick_becomes_an_observation(ingest: FunctionProcess) -> None:
    series = new_series()
    answer = deliver(ingest, TICK, {}, subject=series)
    assert answer.status_code == 200
    assert answer.json() == {
        "series_id": series,
        "value": 111,
        "observation_id": "1",
        "time": "1949-01",
        "input": "1949-01",
    }
    head = {name: answer.headers[f"ce-{name}"] for name in ("type", "sequence", "subject", "partitionkey")}
    assert head == {"type": OBSERVATION, "sequence": "1", "subject": series, "partitionkey": series}
    assert deliver_structured(ingest, TICK, {"source": "csv"}, subject=series).headers["ce-sequence"] == "2"


def test_the_same_tick_yields_the_same_observation(ingest: FunctionProcess) -> None:
    series = new_series()
    tick = {"subject": series, "id": "tick-1"}
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: deliver(ingest, TICK, {}, **tick), range(4)))
    assert len({(a.text, a.headers["ce-id"], a.headers["ce-sequence"]) for a in answers}) == 1
    assert deliver(ingest, TICK, {}, subject=series, id="tick-2").json()["value"] == 112


def test_a_tick_with_an_empty_body_is_a_tick(ingest: FunctionProcess) -> None:
    answer = ingest.call("POST", "/", headers=binary(TICK, subject=new_series()))
    assert answer.json()["value"] == 111


def test_a_tick_after_the_last_row_is_answered_with_nothing(ingest: FunctionProcess) -> None:
    series = new_series()
    answers = [deliver(ingest, TICK, {}, subject=series) for _ in range(ROWS + 1)]
    assert [a.status_code for a in answers] == [200] * ROWS + [204]
    assert answers[-1].content == b""


def test_live_price(ingest: FunctionProcess, coinbase: StandIn) -> None:
    coinbase.say("/v2/prices/BTC-USD/spot", 200, SPOT)
    answer = ingest.get("/next/btc")
    assert answer.json() == {"observation_id": "BTC_live", "input": "BTC", "target": 43210.5, "remaining": "live"}


@pytest.mark.parametrize(
    ("symbol", "said", "expected", "words"),
    [
        ("NONE", (404, {"errors": [{"message": "Invalid base currency"}]}), 404, "Invalid base currency"),
        ("BUSY", (429, {"errors": [{"message": "slow down"}]}), 429, "slow down"),
        ("BROKE", (500, {"error": "our fault"}), 500, "our fault"),
        ("MAINT", (502, {}), 502, "MAINT"),
        ("DENY", (403, {"error": "denied"}), 403, "denied"),
        ("EURO", (200, {"data": {"amount": "1.0", "currency": "EUR"}}), 502, "EUR"),
        ("VOID", (200, {"data": {"currency": "USD"}}), 502, "amount"),
        ("NAN", (200, {"data": {"amount": "NaN", "currency": "USD"}}), 502, "NaN"),
        ("MINUS", (200, {"data": {"amount": "-1", "currency": "USD"}}), 502, "-1"),
        ("LIST", (200, [1]), 502, "amount"),
    ],
)
def test_what_coinbase_answers_is_passed_on(
    ingest: FunctionProcess, coinbase: StandIn, symbol: str, said: tuple[int, object], expected: int, words: str
) -> None:
    coinbase.say(f"/v2/prices/{symbol}-USD/spot", *said)
    answer = ingest.get(f"/next/{symbol}")
    assert answer.status_code == expected
    assert words in answer.json()["error"]


@pytest.mark.parametrize(("sent", "expected"), [("7", "7"), ("\xb2", "30"), ("soon", "30")])
def test_throttled_says_when_to_come_again(
    ingest: FunctionProcess, coinbase: StandIn, sent: str, expected: str
) -> None:
    coinbase.say("/v2/prices/SLOW-USD/spot", 429, {"error": "slow"}, Retry_After=sent)
    answer = ingest.get("/next/SLOW")
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, expected)


def test_coinbase_out_of_reach(start: Start) -> None:
    alone = start("ingest", COINBASE_URL=f"http://127.0.0.1:{free_port()}")
    answer = alone.get("/next/BTC")
    assert answer.status_code == 503
    assert "Coinbase" in answer.json()["error"]
    assert alone.get("/health").json()["total_observations"] == 744


def test_crypto_tick_keeps_its_price(ingest: FunctionProcess, coinbase: StandIn) -> None:
    symbol, series = "ETH", new_series("eth")
    prices = []
    for amount in ("2000.25", "2100.5"):
        coinbase.say(f"/v2/prices/{symbol}-USD/spot", 200, {"data": {"amount": amount, "currency": "USD"}})
        prices.append(_price(deliver(ingest, TICK, {"source": "eth"}, id="the-one", subject=series)))
    prices.append(_price(deliver(ingest, TICK, {"source": "eth"}, id="the-next", subject=series)))
    assert prices == [(2000.25, "1"), (2000.25, "1"), (2100.5, "2")]


def test_crypto_tick_without_subject_feeds_the_symbol(ingest: FunctionProcess, coinbase: StandIn) -> None:
    coinbase.say("/v2/prices/DOGE-USD/spot", 200, {"data": {"amount": "0.1", "currency": "USD"}})
    assert deliver(ingest, TICK, {"source": "doge"}).json()["series_id"] == "DOGE"


def test_crypto_tick_for_an_unknown_pair_is_not_retried(ingest: FunctionProcess, coinbase: StandIn) -> None:
    coinbase.say("/v2/prices/NOPE-USD/spot", 404, {"error": "no such pair"})
    answer = deliver(ingest, TICK, {"source": "NOPE"})
    assert answer.status_code == 422
    assert "'source'" in answer.json()["error"]


def _price(answer: requests.Response) -> tuple[float, str]:
    return answer.json()["value"], answer.headers["ce-sequence"]
