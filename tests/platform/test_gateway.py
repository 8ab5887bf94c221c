"""Requests through the gateway, to real functions."""

import socket
from concurrent.futures import ThreadPoolExecutor

import requests

from tests.platform.running import Site


def test_a_request_arrives_as_it_was_sent(site: Site) -> None:
    answer = site.ask(
        "alpha",
        "/a%2Fb/c?x=1&y=%20z",
        "PATCH",
        data=b"\x00body",
        headers={"X-Own": "1", "Connection": "keep-alive, X-Hop", "X-Hop": "1"},
    )
    seen = answer.json()
    assert (answer.status_code, seen["service"], seen["method"]) == (200, "alpha", "PATCH")
    assert seen["path"].endswith("?x=1&y=%20z")
    assert seen["body"] == "\x00body"
    assert seen["headers"]["Host"] == f"alpha.ml-services.localhost:{site.port}"
    assert seen["headers"]["X-Own"] == "1"
    assert "X-Hop" not in seen["headers"]


def test_statuses_and_large_answers_pass(site: Site) -> None:
    assert site.ask("alpha", "/?status=418").status_code == 418
    assert len(site.ask("alpha", "/large").content) == 3_000_000
    head = site.ask("alpha", "/large", "HEAD")
    assert (head.status_code, head.headers["Content-Length"], head.content) == (200, "3000000", b"")
    assert site.ask("alpha", "/health").status_code == 204


def test_a_body_has_a_bound(site: Site) -> None:
    within = site.ask("alpha", "/", "POST", data=b"x" * 1_000_000)
    assert within.status_code == 200
    for data in (b"x" * 2_000_000, iter([b"x" * 1_000_000] * 2)):
        beyond = site.ask("alpha", "/", "POST", data=data)
        assert (beyond.status_code, list(beyond.json())) == (413, ["error"])


def test_a_client_that_waits_for_100_continue_is_answered(site: Site) -> None:
    with socket.create_connection(("127.0.0.1", site.port), timeout=10) as connection:
        head = f"POST / HTTP/1.1\r\nHost: alpha.ml-services.localhost:{site.port}\r\n"
        connection.sendall(f"{head}Content-Length: 2\r\nExpect: 100-continue\r\n\r\n".encode())
        assert connection.recv(1000).startswith(b"HTTP/1.1 100 Continue")
        connection.sendall(b"hi")
        assert connection.recv(1000).startswith(b"HTTP/1.1 200 OK")


def test_what_is_not_there_is_a_sentence(site: Site) -> None:
    for host, path, status in (
        ("nobody.ml-services.localhost", "/", 404),
        ("alpha.elsewhere.localhost", "/", 404),
        (f"127.0.0.1:{site.port}", "/", 404),
    ):
        answer = requests.get(f"http://127.0.0.1:{site.port}{path}", headers={"Host": host}, timeout=5)
        assert answer.status_code == status
        assert "alpha.ml-services.localhost" in answer.json()["error"]
    wrong = requests.post(f"http://127.0.0.1:{site.port}/_platform", timeout=5)
    assert (wrong.status_code, wrong.headers["Allow"]) == (405, "GET, HEAD")


def test_a_function_that_takes_too_long_is_504(site: Site) -> None:
    answer = site.ask("alpha", "/?sleep=4")
    assert answer.status_code == 504
    assert "alpha" in answer.json()["error"]


def test_the_environment_of_a_function(site: Site) -> None:
    environment = site.ask("alpha").json()["environment"]
    report = site.report()
    assert (environment["K_SERVICE"], environment["COLOUR"]) == ("alpha", "red")
    assert environment["REDIS_URL"] == report["redis_url"]
    assert environment["BROKER_URL"] == report["broker_url"] == site.broker
    assert len(environment["SNAPSHOT_KEY"]) == 64
    assert "RIVULET_DATA" not in environment
    secret = site.folder / "data" / "secrets.json"
    assert secret.stat().st_mode & 0o777 == 0o600


def test_the_report(site: Site) -> None:
    report = site.report()
    assert {"redis_url", "services", "broker", "version", "pid"} <= report.keys()
    assert {"queued", "in_flight", "delivered", "retried", "dead"} == report["broker"].keys()
    for service in report["services"]:
        assert {"name", "state", "pid", "starts", "process_seconds"} <= service.keys()


def test_more_requests_than_a_function_takes_at_once_wait(site: Site) -> None:
    before = site.service("alpha")["starts"]
    with ThreadPoolExecutor(8) as pool:
        answers = pool.map(lambda _: site.ask("alpha", "/?sleep=0.1").status_code, range(8))
        assert list(answers) == [200] * 8
    assert site.service("alpha")["starts"] == before
