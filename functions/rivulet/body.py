"""The limit on a request's body, before anything reads it."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterable
from typing import Any

MOST_BYTES = 64 * 1024

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


def limited(application: Application) -> Application:
    """Answer 413 to a body of more than 64 KiB, whatever its length was said to be.

    It stands before the framework, which reads every body to its end after the answer is made, and answers 500 when
    that body is too long for it.
    """

    def respond(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        said = environ.get("CONTENT_LENGTH") or ""
        chunked = bool(environ.get("wsgi.input_terminated"))
        if said.isdigit() and int(said) > MOST_BYTES:
            return _too_large(start_response)
        if said.isdigit() or chunked:
            body = environ["wsgi.input"].read(int(said) if said.isdigit() else MOST_BYTES + 1)
            if len(body) > MOST_BYTES:
                return _too_large(start_response)
            environ["wsgi.input"] = io.BytesIO(body)
            environ["CONTENT_LENGTH"] = str(len(body))
        return application(environ, start_response)

    return respond


def _too_large(start_response: Callable[..., Any]) -> Iterable[bytes]:
    body = json.dumps({"error": f"the body is longer than {MOST_BYTES} bytes"}).encode()
    headers = [("Content-Type", "application/json"), ("Content-Length", str(len(body))), ("Connection", "close")]
    start_response("413 Content Too Large", headers)
    return [body]
