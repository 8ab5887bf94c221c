"""What a request meets that is not as usual: the limit on its body, then the WSGI application."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from rivulet.answer import Answer
from rivulet.serving.bridge import Bridge

MOST_BYTES = 64 * 1024

Scope = Mapping[str, Any]
Receive = Callable[[], Awaitable[Mapping[str, Any]]]
Send = Callable[[Mapping[str, Any]], Awaitable[None]]

_TOO_LONG = json.dumps({"error": f"the body is longer than {MOST_BYTES} bytes"}).encode()
_TOO_LARGE = Answer(413, _TOO_LONG, [(b"content-type", b"application/json"), (b"connection", b"close")])


class Front:
    """An ASGI application around a WSGI application.

    Parameters
    ----------
    application
        The WSGI application.
    threads
        How many requests it may work on at once, each on a thread.

    Attributes
    ----------
    express
        Answers what is usual on the event loop, and declines all else (see `rivulet.express`); ``None`` if the
        application has no such way.
    """

    def __init__(self, application: Any, threads: int) -> None:
        self.express = getattr(application, "express", None)
        after = self.express.after_answer if self.express else None
        self._bridge = Bridge(application, threads, after)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        body = await _body(scope, receive)
        if body is None:
            await _send(send, _TOO_LARGE)
            return
        await _send(send, await self._bridge(scope, body))


async def _body(scope: Scope, receive: Receive) -> bytes | None:
    """Return the whole body; ``None`` if it is too long, whatever its length was said to be."""
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit() and int(value) > MOST_BYTES:
            return None
    message = await receive()
    if not message.get("more_body"):
        body: bytes = message.get("body", b"")
        return body if len(body) <= MOST_BYTES else None
    parts, length = [message["body"]], len(message["body"])
    while message.get("more_body") and length <= MOST_BYTES:
        message = await receive()
        parts.append(message.get("body", b""))
        length += len(parts[-1])
    return b"".join(parts) if length <= MOST_BYTES else None


async def _send(send: Send, answer: Answer) -> None:
    await send({"type": "http.response.start", "status": answer.status, "headers": answer.fields()})
    await send({"type": "http.response.body", "body": answer.body})
