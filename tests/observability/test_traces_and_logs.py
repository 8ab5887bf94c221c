"""One observation, followed by its trace id: from tick to ledger, in the log of each function, and as spans."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from rivulet.store import Store
from tests.function_processes import FUNCTIONS, FunctionProcess, RedisServer
from tests.observability.otlp import Receiver, receiving

TRACE = "0af7651916cd43dd8448eb211c80319c"
PARENT = f"00-{TRACE}-b7ad6b7169203331-01"
SECRET = "a key that must not be told"
Start = Callable[..., FunctionProcess]


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Start]:
    folder = tmp_path_factory.mktemp("traced")
    with ExitStack() as stack:
        redis = RedisServer(folder / "redis").start()
        stack.callback(redis.stop)

        def started(source: str, **settings: str) -> FunctionProcess:
            own = {"REDIS_URL": redis.url, "SNAPSHOT_KEY": SECRET, "SERIES_ID": "traced", **settings}
            process = FunctionProcess(folder, source=source, settings=own).start()
            stack.callback(process.stop)
            return process

        yield started


def deliver(to: FunctionProcess, headers: dict[str, str], data: Any) -> tuple[dict[str, str], Any]:
    answer = to.call("POST", "/", json=data, headers=headers)
    assert answer.status_code < 300, answer.text
    attributes = {name.lower(): value for name, value in answer.headers.items() if name.lower().startswith("ce-")}
    return attributes, answer.json() if answer.content else None


def lines(process: FunctionProcess) -> list[dict[str, Any]]:
    found = [json.loads(line) for line in process.log().splitlines() if line.startswith("{")]
    return [line for line in found if "event_id" in line]


@pytest.fixture(scope="module")
def chain(start: Start, receiver: Receiver) -> list[tuple[FunctionProcess, dict[str, str], Any]]:
    """Send one tick through a chain of functions that trace; return each with what it was sent."""
    names = {"ingest": {}, "features": {}, "model": {"MODEL_NAME": "linear_regression"}, "ledger": {}}
    headers = {"ce-specversion": "1.0", "ce-type": "dev.rivulet.tick.v1", "ce-source": "/test", "ce-id": "tick-1"}
    headers["ce-traceparent"] = PARENT
    data: Any = {"source": "csv"}
    sent = []
    for name, own in names.items():
        settings = {**own, "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url, "OTEL_BSP_SCHEDULE_DELAY": "200"}
        settings["K_REVISION"] = f"{name}-00007"
        process = start(name, **settings)
        sent.append((process, headers, data))
        headers, data = deliver(process, headers, data)
    return sent


def test_the_trace_is_the_same_from_tick_to_ledger(chain: list[tuple[FunctionProcess, dict[str, str], Any]]) -> None:
    assert [headers["ce-traceparent"] for _, headers, _ in chain] == [PARENT] * 4


def test_each_function_logs_one_line_about_its_event(chain: list[tuple[FunctionProcess, dict[str, str], Any]]) -> None:
    outcomes = ["answered", "answered", "answered", "taken"]
    for (process, headers, _), outcome in zip(chain, outcomes, strict=True):
        (line,) = lines(process)
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line["time"])
        assert (line["level"], line["service"]) == ("INFO", process.source)
        assert line["revision"] == f"{process.source}-00007"
        assert (line["series"], int(line["seq"])) == ("traced", 1)
        assert (line["event_id"], line["event_type"]) == (headers["ce-id"], headers["ce-type"])
        assert (line["trace_id"], line["outcome"]) == (TRACE, outcome)
        assert line["duration_ms"] > 0
        assert SECRET not in process.log()


def test_a_run_says_its_trace(chain: list[tuple[FunctionProcess, dict[str, str], Any]]) -> None:
    ledger = chain[-1][0]
    assert ledger.get("/runs/traced/1").json()["observation"]["trace_id"] == TRACE


def test_an_outcome_says_what_became_of_it(chain: list[tuple[FunctionProcess, dict[str, str], Any]]) -> None:
    model, headers, data = chain[2]
    deliver(model, headers, data)
    assert lines(model)[-1]["outcome"] == "duplicate"
    bad = {**headers, "ce-id": "bad"}
    assert model.call("POST", "/", json={**data, "target": "much"}, headers=bad).status_code == 422
    line = lines(model)[-1]
    assert (line["outcome"], line["status"], line["event_id"]) == ("refused", 422, "bad")
    assert "'target' must be a number" in line["error"]
    early = {**headers, "ce-id": "early"}
    assert model.call("POST", "/", json={**data, "seq": 9}, headers=early).status_code == 409
    assert lines(model)[-1]["outcome"] == "again"


def test_there_is_one_trace_with_a_span_of_each_function(
    chain: list[tuple[FunctionProcess, dict[str, str], Any]], receiver: Receiver
) -> None:
    deadline = time.monotonic() + 30
    while {service for service, _ in receiver.spans} != {process.source for process, _, _ in chain}:
        assert time.monotonic() < deadline, receiver.spans
        time.sleep(0.1)
    for process, headers, _ in chain:
        spans = [span for service, span in receiver.spans if service == process.source]
        span = next(each for each in spans if attributes(each)["cloudevents.event_id"] == headers["ce-id"])
        assert span.trace_id.hex() == TRACE
        assert span.parent_span_id.hex() == PARENT.split("-")[2]
        assert attributes(span)["cloudevents.event_type"] == headers["ce-type"]
        assert span.end_time_unix_nano > span.start_time_unix_nano


def attributes(span: Any) -> dict[str, str]:
    return {each.key: each.value.string_value for each in span.attributes}


def test_an_observation_of_a_stranger_gets_a_trace_and_the_same_again(start: Start) -> None:
    features = start("features", K_SERVICE="plain-features")
    headers = {"ce-specversion": "1.0", "ce-type": "dev.rivulet.observation.v1", "ce-source": "/x", "ce-id": "1"}
    first, _ = deliver(features, headers, {"series_id": "strange", "value": 1.0})
    again, _ = deliver(features, headers, {"series_id": "strange", "value": 1.0})
    assert re.fullmatch(r"00-[0-9a-f]{32}-[0-9a-f]{16}-01", first["ce-traceparent"])
    assert again["ce-traceparent"] == first["ce-traceparent"]
    assert [line["trace_id"] for line in lines(features)] == [first["ce-traceparent"].split("-")[1]] * 2


def test_a_level_that_is_set_keeps_lines_out(start: Start) -> None:
    features = start("features", LOG_LEVEL="WARNING")
    headers = {"ce-specversion": "1.0", "ce-type": "dev.rivulet.observation.v1", "ce-source": "/x", "ce-id": "q"}
    deliver(features, headers, {"series_id": "quiet", "value": 1.0})
    assert lines(features) == []


def test_no_log_and_no_answer_holds_a_password_or_a_key(start: Start) -> None:
    secrets = {"REDIS_URL": "redis://me:pass-of-redis@127.0.0.1:1/0", "SNAPSHOT_KEY": "key-of-snapshots"}
    model = start("model", MODEL_NAME="linear_regression", LOG_LEVEL="DEBUG", **secrets)
    headers = {"ce-specversion": "1.0", "ce-type": "dev.rivulet.features.v1", "ce-source": "/x", "ce-id": "1"}
    vector = {"series_id": "s", "seq": 1, "features": {"in_1": 0.0}, "target": 1.0}
    answer = model.call("POST", "/", json=vector, headers=headers)
    assert answer.status_code == 503
    model.stop()
    for secret in ("pass-of-redis", "key-of-snapshots"):
        assert secret not in model.log()
        assert secret not in answer.text


LOADED = """
import json, os, sys
import flask, functions_framework
functions_framework.create_app("handle", {source!r}, "http")
from rivulet.store import Store
Store("redis://127.0.0.1:1").reachable()
print(json.dumps([name for name in sys.modules if name.startswith(("opentelemetry", "google.protobuf"))]))
"""


@pytest.mark.parametrize("source", ["ingest", "features", "model", "ledger"])
def test_nothing_is_imported_where_traces_are_off(source: str, tmp_path: Path) -> None:
    def modules(**more: str) -> list[str]:
        environment = {**os.environ, "PYTHONPATH": str(FUNCTIONS), "MODEL_NAME": "linear_regression", **more}
        code = LOADED.format(source=f"{FUNCTIONS}/{source}/main.py")
        run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
        return list(json.loads(run.stdout.splitlines()[-1]))

    assert modules() == []
    assert "opentelemetry.sdk.trace" in modules(OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:1")


def test_a_collector_that_is_away_keeps_nothing_from_being_saved(start: Start) -> None:
    model = start(
        "model",
        MODEL_NAME="linear_regression",
        OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:1",
        OTEL_EXPORTER_OTLP_TIMEOUT="1",
    )
    headers = {"ce-specversion": "1.0", "ce-type": "dev.rivulet.features.v1", "ce-source": "/x", "ce-id": "1"}
    vector = {"series_id": "saved", "seq": 1, "features": {"in_1": 0.0}, "target": 1.0}
    deliver(model, headers, vector)
    model.stop()
    with Store(model.settings["REDIS_URL"]).client as client:
        assert client.exists("model:linear_regression:{saved}:snapshot")
