"""A function that does what an event's data tell it to, and writes down each call.

Data: ``answers``, the statuses of the first, second, ... call with this event (the last one stays), ``at_sink`` the
same for calls at /dead; ``headers``, ``text`` and ``reply`` of a 2xx answer or of any; ``sleep`` in seconds.
"""

import json
import os
import time
from pathlib import Path

import flask

RECORD = Path(os.environ["RECORD"]) / f"{os.environ['K_SERVICE']}.jsonl"


def handle(request: flask.Request) -> flask.typing.ResponseReturnValue:
    """Answer an event by its recipe, and anything else with what came."""
    if "ce-id" not in request.headers:
        return _mirror(request)
    recipe = json.loads(request.get_data() or b"{}")
    call = _written_down(request)
    time.sleep(recipe.get("sleep", 0))
    answers = recipe.get("at_sink" if request.path == "/dead" else "answers", [204])
    status = answers[min(call, len(answers) - 1)]
    headers = dict(recipe.get("headers", {}))
    if status < 300 and request.path != "/dead" and "reply" in recipe:
        headers |= {f"ce-{name}": value for name, value in recipe["reply"].items()}
    return recipe.get("text", ""), status, headers


def _written_down(request: flask.Request) -> int:
    with RECORD.open("a+", encoding="utf-8") as file:
        file.seek(0)
        calls = [json.loads(line) for line in file]
        entry = {
            "path": request.path,
            "time": time.time(),
            "body": request.get_data(as_text=True),
            "event": {name.lower(): value for name, value in request.headers if name.lower().startswith("ce-")},
        }
        file.write(json.dumps(entry) + "\n")
    same = [each for each in calls if each["event"]["ce-id"] == request.headers["ce-id"]]
    return len([each for each in same if each["path"] == request.path])


def _mirror(request: flask.Request) -> flask.typing.ResponseReturnValue:
    if request.path == "/health":
        return "", 204
    if request.path == "/large":
        return b"x" * 3_000_000, 200
    time.sleep(float(request.args.get("sleep", 0)))
    return {
        "service": os.environ["K_SERVICE"],
        "pid": os.getppid(),
        "worker": os.getpid(),
        "method": request.method,
        "path": request.full_path,
        "headers": dict(request.headers),
        "body": request.get_data(as_text=True),
        "environment": dict(os.environ),
    }, int(request.args.get("status", 200))
