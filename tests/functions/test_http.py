"""HTTP as clients speak it: many requests on a connection, in pieces or together, some usual and some not."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.function_processes import FunctionProcess, RedisServer
from tests.functions.raw_client import Client, lesson, post
from tests.functions.sending import new_series


@pytest.fixture
def client(model: FunctionProcess) -> Iterator[Client]:
    """Return a new connection to the model."""
    made = Client(model)
    yield made
    made.socket.close()


def express(model: FunctionProcess) -> int:
    """Return how many lessons of the process went the express way."""
    found: int = model.get("/model_metrics").json()["model_info"]["in_this_process"]["express"]
    return found


def test_requests_with_the_same_head_are_each_answered(client: Client, model: FunctionProcess) -> None:
    series = new_series()
    client.ask(post(lesson(series)))
    before = express(model)
    answers = [client.ask(post(lesson(series, 100.0 + k))) for k in range(20)]
    assert [each.body["n"] for each in answers] == list(range(2, 22))
    assert all(each.headers["content-type"] == "application/json" and each.headers["date"] for each in answers)
    assert express(model) == before + 20


def test_requests_that_are_sent_together_are_answered_in_turn(client: Client) -> None:
    series = new_series()
    requests = [post(lesson(series, 100.0 + k)) for k in range(30)]
    client.ask(requests[0])
    client.ask(requests[1])
    client.socket.sendall(b"".join(requests[2:]))
    assert [client.answer().body["n"] for _ in requests[2:]] == list(range(3, 31))


def test_what_comes_while_a_request_is_under_way_waits_its_turn(client: Client) -> None:
    series = new_series()
    requests = [post(lesson(series, 100.0 + k)) for k in range(300)]
    client.ask(requests[0])
    health = b"GET /health HTTP/1.1\r\nHost: m\r\n\r\n"
    for request in requests[1:]:
        client.socket.sendall(request)
        client.socket.sendall(health)
    found = [(client.answer().body, client.answer().body) for _ in requests[1:]]
    assert [taught["n"] for taught, _ in found] == list(range(2, 301))
    assert all(healthy["status"] == "ok" for _, healthy in found)


@pytest.mark.parametrize("size", [1, 7, 90, 150])
def test_a_request_may_come_in_pieces(client: Client, size: int) -> None:
    series = new_series()
    request = post(lesson(series))
    for n in (1, 3, 5):
        for start in range(0, len(request), size):
            client.socket.sendall(request[start : start + size])
            time.sleep(0.0005)
        assert client.answer().body["n"] == n
        assert client.ask(request).body["n"] == n + 1


def test_a_known_head_with_the_rest_of_its_body_to_come(client: Client) -> None:
    series = new_series()
    request = post(lesson(series))
    client.ask(request)
    client.socket.sendall(request[:-10])
    time.sleep(0.05)
    assert client.ask(request[-10:]).body["n"] == 2
    client.socket.sendall(request + request[:-10])
    assert client.answer().body["n"] == 3
    assert client.ask(request[-10:]).body["n"] == 4


def test_a_known_head_with_a_body_that_is_wrong(client: Client) -> None:
    series = new_series()
    good = lesson(series)
    client.ask(post(good))
    bad = good.replace(b'"target": 132.0', b'"target": "132"')
    assert len(bad) == len(good)
    answer = client.ask(post(bad))
    assert answer.status == 422
    assert "target" in answer.body["error"]
    client.socket.sendall(post(bad) + post(good) + post(bad) + post(good))
    assert [client.answer().status for _ in range(4)] == [422, 200, 422, 200]
    assert client.ask(post(good)).body["n"] == 4


def test_the_same_head_but_for_a_header_that_matters(client: Client) -> None:
    series = new_series()
    client.ask(post(lesson(series)))
    keyed = [client.ask(post(lesson(series), "Idempotency-Key: k")) for _ in range(3)]
    assert [each.body["n"] for each in keyed] == [2, 2, 2]
    text = post(lesson(series)).replace(b"application/json", b"text/plain, but")
    assert client.ask(text).status == 415
    assert client.ask(post(lesson(series))).body["n"] == 3


@pytest.mark.parametrize("how", ["header", "version"])
def test_a_connection_is_closed_when_the_client_wants_that(client: Client, how: str) -> None:
    series = new_series()
    client.ask(post(lesson(series)))
    last = post(lesson(series), "Connection: close") if how == "header" else post(lesson(series), version="1.0")
    answer = client.ask(last)
    assert answer.body["n"] == 2
    assert answer.headers["connection"] == "close"
    assert client.ended()


def test_who_wants_to_be_told_to_go_on_is_told(client: Client) -> None:
    body = lesson(new_series())
    client.socket.sendall(post(body, "Expect: 100-continue")[: -len(body)])
    assert client.answer().status == 100
    assert client.ask(body).body["n"] == 1


def test_a_body_in_chunks(client: Client) -> None:
    body = lesson(new_series())
    head = post(b"").replace(b"Content-Length: 0", b"Transfer-Encoding: chunked")
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in (body[:20], body[20:]))
    assert [client.ask(head + chunks + b"0\r\n\r\n").body["n"] for _ in range(3)] == [1, 2, 3]


@pytest.mark.parametrize("length", [64 * 1024 + 1, 10**9])
def test_a_body_that_is_too_long_is_not_waited_for(client: Client, length: int) -> None:
    head = (
        f"POST /predict_learn HTTP/1.1\r\nHost: m\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
    )
    answer = client.ask(head.encode())
    assert answer.status == 413
    assert client.ended()


def test_the_longest_body_that_is_taken(client: Client) -> None:
    series = new_series()
    padded = lesson(series).ljust(64 * 1024)
    assert [client.ask(post(padded)).body["n"] for _ in range(3)] == [1, 2, 3]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("Content-Type: application/json", "content-type:application/json  "),
        ("Content-Length: ", "CONTENT-LENGTH:    "),
        ("Host: m", "Host: m\r\nX-Odd_Name!: 1\r\nX-Empty:\r\nX-Latin: \xe9\r\nX-Tab:\t1"),
        ("Host: m", "Host: m\r\nX-Twice: 1\r\nX-Twice: 2"),
        ("Host: m", "Host: m\r\nConnection: keep-alive"),
        ("Host: m", "Host: m\r\nX-Long: " + 3000 * "x"),
    ],
)
def test_a_head_may_be_written_in_many_ways(client: Client, old: str, new: str) -> None:
    request = post(lesson(new_series())).replace(old.encode(), new.encode("latin-1"))
    assert [client.ask(request).body["n"] for _ in range(3)] == [1, 2, 3]


@pytest.mark.parametrize(
    "fields",
    [
        "Content-Length: {0}\r\nContent-Length: 1",
        "Content-Length: 1\r\nContent-Length: {0}",
        "Content-Length: +{0}",
        "Content-Length: {0}, {0}",
        "Content-Length: 1\r\n {0}",
        "Content-Length : {0}",
        "Content-Length: {0}\r\nTransfer-Encoding: chunked",
        "Content-Length: {0}\nX-Bare: 1",
        "Content-Length: {0}\r\nX-Nothing",
        "Content-Length: " + 5000 * "9",
    ],
)
def test_a_head_that_may_be_read_in_two_ways_is_refused(client: Client, model: FunctionProcess, fields: str) -> None:
    series = new_series()
    client.ask(post(lesson(series)))
    body = lesson(series)
    request = post(body).replace(b"Content-Length: %d" % len(body), fields.format(len(body)).encode())
    client.socket.sendall(request)
    assert client.status() == 400
    assert Client(model).ask(post(body)).body["n"] == 2


def test_what_is_no_http_is_refused(client: Client) -> None:
    client.ask(post(lesson(new_series())))
    client.socket.sendall(b"LEARN this\r\n\r\n")
    assert client.status() == 400


def test_a_client_that_goes_away_leaves_the_next_one_its_turn(client: Client, model: FunctionProcess) -> None:
    series = new_series()
    request = post(lesson(series))
    client.ask(request)
    for _ in range(20):
        leaving = Client(model)
        leaving.socket.sendall(request)
        leaving.socket.close()
    numbers = [client.ask(request).body["n"] for _ in range(20)]
    assert numbers == sorted(set(numbers))
    assert numbers[-1] <= 41


def test_a_request_under_way_is_answered_when_the_process_is_told_to_stop(tmp_path: Path) -> None:
    redis = RedisServer(tmp_path / "redis").start()
    settings = {"REDIS_URL": redis.url, "SNAPSHOT_KEY": "tests", "MODEL_NAME": "linear_regression"}
    process = FunctionProcess(tmp_path, source="model", settings=settings).start()
    try:
        client, request = Client(process), post(lesson("s"))
        assert [client.ask(request).body["n"] for _ in range(10)] == list(range(1, 11))
        redis.pause()
        client.socket.sendall(request)
        time.sleep(0.3)
        process.signal(signal.SIGTERM)
        time.sleep(0.3)
        redis.resume()
        answer = client.answer()
        assert (answer.status, answer.body["n"], answer.headers["connection"]) == (200, 11, "close")
        assert client.ended()
        assert process.process is not None
        process.process.wait(10)
        process.start()
        assert Client(process).ask(request).body["n"] == 12
    finally:
        process.stop()
        redis.kill()
