"""A way on which events get lost: passes an event on to the model that the path names, or drops it.

It stands between the Broker and the models. What it drops it takes with a 204, so that nobody sends it again.
"""

import os
import random

import flask
import requests

SHARE = float(os.environ["LOST_SHARE"])
LAST = os.environ["LAST_SEQUENCE"]  # never lost: after it no other event would show the gap
GATEWAY = os.environ["GATEWAY_URL"]
KEPT = ("content-type",)

_lots = random.Random()


def handle(request: flask.Request) -> flask.Response:
    """Lose the event, or answer what the model answers."""
    if request.path == "/health":
        return flask.Response("ok")
    if request.headers.get("ce-sequence") != LAST and _lots.random() < SHARE:
        return flask.Response(status=204)
    headers = {name: value for name, value in request.headers.items() if _kept(name)}
    host = f"{request.path.strip('/')}.ml-services.localhost"
    answer = requests.post(GATEWAY, data=request.get_data(), headers={**headers, "Host": host}, timeout=60)
    passed = {name: value for name, value in answer.headers.items() if _kept(name) or name.lower() == "retry-after"}
    return flask.Response(answer.content, answer.status_code, passed)


def _kept(name: str) -> bool:
    return name.lower().startswith("ce-") or name.lower() in KEPT
