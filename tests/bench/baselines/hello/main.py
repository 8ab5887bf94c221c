"""The function *hello*: parses the same JSON as a model and answers a constant."""

import json

import flask
import functions_framework

_ANSWER = json.dumps({"prediction": 0.0, "series_id": "default", "n": 1})


@functions_framework.http
def handle(request: flask.Request) -> flask.Response:
    """Answer; a GET asks only whether it serves."""
    if request.method == "GET":
        return flask.Response("ok")
    json.loads(request.get_data())
    return flask.Response(_ANSWER, content_type="application/json")
