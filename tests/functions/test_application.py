"""A function answers the same with and without the framework, which most of its processes never load."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest
import requests

from tests.function_processes import FRAMEWORK, FUNCTIONS, FunctionProcess, RedisServer
from tests.functions.conftest import Start
from tests.functions.sending import new_series

EVENT = {"ce-specversion": "1.0", "ce-source": "/x", "ce-id": "1", "content-type": "application/json"}
JSON = {"content-type": "application/json"}
LAGS = {"features": {"in_1": 1.0}, "target": 2.0}

# What is asked of a model: method, path, headers, body.
ASKED: list[tuple[str, str, dict[str, str], Any]] = [
    ("GET", "/health", {}, None),
    ("HEAD", "/health", {}, None),
    ("GET", "/health?verbose=1", {}, None),
    ("GET", "/health/", {}, None),
    ("DELETE", "/health", {}, None),
    ("OPTIONS", "/health", {}, None),
    ("OPTIONS", "/nowhere", {}, None),
    ("GET", "/metrics", {}, None),
    ("GET", "/forecast?series_id=SERIES&steps=3", {}, None),
    ("GET", "/forecast", {}, None),
    ("POST", "/predict_many", JSON, {"series_id": "SERIES", "features": {"in_1": 1.0}, "steps": 2}),
    ("POST", "/predict_many", JSON, {"series_id": "SERIES", "steps": 2}),
    ("POST", "/predict_many", {"content-type": "text/plain"}, {}),
    ("POST", "/predict_learn", {**JSON, "idempotency-key": "k"}, {"series_id": "SERIES", **LAGS}),
    ("GET", "/", {}, None),
    ("GET", "/nowhere", {}, None),
    ("POST", "/", {**EVENT, "ce-type": "dev.rivulet.tick.v1"}, None),
    ("POST", "/", {**EVENT, "ce-type": "dev.rivulet.features.v1"}, {"series_id": "SERIES", "seq": 0, **LAGS}),
    ("POST", "/", {**EVENT, "ce-type": "dev.rivulet.observation.v1"}, {}),
    ("POST", "/", JSON, {}),
    ("POST", "/?a=1", {**EVENT, "ce-type": "dev.rivulet.tick.v1"}, None),
]

# Asked one after the other in one process: whether Flask was loaded by then.
LOADED = """
import json, sys
import rivulet.serving.worker, rivulet.application
from rivulet.serving.bridge import environ_of
application = rivulet.application.create_app()
found = []
for method, path, query, headers, body in json.load(sys.stdin):
    scope = {"method": method, "path": path, "query_string": query.encode(), "http_version": "1.1", "scheme": "http"}
    scope["headers"] = [(name.encode(), value.encode()) for name, value in headers.items()]
    statuses = []
    application(environ_of(scope, body.encode()), lambda status, headers: statuses.append(int(status[:3])))
    found.append([*statuses, "flask" in sys.modules])
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def framed(start: Start) -> FunctionProcess:
    """Return a model's process that the framework serves alone."""
    return start("model", application=FRAMEWORK, MODEL_NAME="linear_regression")


def ask(model: FunctionProcess, series: str, asked: tuple[str, str, dict[str, str], Any]) -> requests.Response:
    method, path, headers, body = asked
    data = None if body is None else json.dumps(body).replace("SERIES", series)
    return model.call(method, path.replace("SERIES", series), headers=headers, data=data)


@pytest.mark.parametrize("asked", ASKED, ids=lambda asked: f"{asked[0]} {asked[1]} {asked[2].get('ce-type', '')}")
def test_the_framework_alone_answers_the_same(
    model: FunctionProcess, framed: FunctionProcess, asked: tuple[str, str, dict[str, str], Any]
) -> None:
    answers = []
    for each in (model, framed):
        series = new_series()
        for n in (1, 2):
            taught = {"series_id": series, "features": {"in_1": float(n)}, "target": float(n)}
            each.post("/predict_learn", taught).raise_for_status()
        answer = ask(each, series, asked)
        headers = {name.lower(): value for name, value in answer.headers.items()}
        # What Flask says of the type where there is no content; and where each tells of all series that it knows.
        unlike = ["date", *([] if answer.content else ["content-type"])]
        unlike += ["content-length"] if asked[1] == "/metrics" else []
        kept = {name: value for name, value in headers.items() if name not in unlike}
        text = "" if asked[1] == "/metrics" else answer.text.replace(series, "SERIES")
        answers.append((answer.status_code, kept, text))
    assert answers[0] == answers[1]


def test_events_and_probes_are_answered_before_flask_is_loaded(redis_server: RedisServer) -> None:
    series = new_series()
    features = json.dumps({"series_id": series, "seq": 1, "features": {"in_1": 1.0}, "target": 2.0})
    lesson = json.dumps({"series_id": series, "features": {"in_1": 1.0}, "target": 2.0})
    own = {
        "REDIS_URL": redis_server.url,
        "FUNCTION_SOURCE": "model/main.py",
        "FUNCTION_TARGET": "handle",
        "FUNCTION_SIGNATURE_TYPE": "http",
        "MODEL_NAME": "linear_regression",
    }
    asked = [
        ("GET", "/health", "", {}, ""),
        ("POST", "/", "", {**EVENT, "ce-type": "dev.rivulet.tick.v1"}, ""),
        ("POST", "/", "", {**EVENT, "ce-type": "dev.rivulet.features.v1"}, features),
        ("POST", "/", "", {**EVENT, "ce-type": "dev.rivulet.prediction.v1"}, features),
        ("POST", "/predict_learn", "", JSON, lesson),
        ("GET", "/forecast", f"series_id={series}", {}, ""),
        ("GET", "/health", "", {}, ""),
    ]
    run = subprocess.run(
        [sys.executable, "-c", LOADED],
        input=json.dumps(asked),
        cwd=FUNCTIONS,
        env={**os.environ, "PYTHONPATH": str(FUNCTIONS), **own},
        capture_output=True,
        text=True,
        check=True,
    )
    statuses = [200, 204, 200, 422, 200, 200, 200]
    assert json.loads(run.stdout) == [[status, place >= 5] for place, status in enumerate(statuses)]


@pytest.mark.parametrize(
    ("source", "sentence"),
    [("nowhere/main.py", "which is no file"), ("../tests/bench/baselines/hello/main.py", "serve")],
)
def test_a_source_that_declares_no_function_is_named(source: str, sentence: str) -> None:
    environment = {**os.environ, "PYTHONPATH": str(FUNCTIONS), "FUNCTION_SOURCE": source}
    code = "from rivulet.application import create_app; create_app()"
    run = subprocess.run([sys.executable, "-c", code], cwd=FUNCTIONS, env=environment, capture_output=True, text=True)
    assert run.returncode
    assert run.stderr.splitlines()[-1].startswith("rivulet.settings.SettingError: FUNCTION_SOURCE")
    assert sentence in run.stderr.splitlines()[-1]
