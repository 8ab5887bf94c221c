"""The function *naive*: the whole pickled state comes from Redis and goes back to it, at each event."""

import json
import os
import pickle

import flask
import functions_framework
import redis

from rivulet.models import definition

_MODEL = definition(os.environ["MODEL_NAME"])
_REDIS = redis.Redis.from_url(os.environ["REDIS_URL"])


@functions_framework.http
def handle(request: flask.Request) -> flask.Response:
    """Load, predict, learn, keep; a GET asks only whether it serves."""
    if request.method == "GET":
        return flask.Response("ok")
    body = json.loads(request.get_data())
    key = f"naive:{_MODEL.name}:{body['series_id']}"
    pickled = _REDIS.get(key)
    model = pickle.loads(pickled) if isinstance(pickled, bytes) else _MODEL.build()
    prediction = model.predict_one(body["features"])
    model.learn_one(body["features"], body["target"])
    _REDIS.set(key, pickle.dumps(model, pickle.HIGHEST_PROTOCOL))
    answer = json.dumps({"prediction": prediction, "series_id": body["series_id"]})
    return flask.Response(answer, content_type="application/json")
