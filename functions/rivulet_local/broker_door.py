"""The Broker's ingress: CloudEvents over HTTP, durably queued when they are answered 202."""

from __future__ import annotations

from aiohttp import web

from rivulet.straight import in_task
from rivulet_local.answers import continue_if_expected, problem, read_body
from rivulet_local.broker import Broker, Exhausted, QueueFull
from rivulet_local.cloudevent import Event, NotACloudEvent, parse
from rivulet_local.errors import QueueUnavailable

UNAVAILABLE = "The queue does not take the event: send it again later."


class BrokerDoor:
    """Answers requests to the Broker's port.

    Parameters
    ----------
    path
        The Broker's path: its namespace and its name.
    """

    def __init__(self, broker: Broker, path: str) -> None:
        self.path = path
        self._broker = broker

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer a request."""
        if request.path == "/health" and request.method in ("GET", "HEAD"):
            return web.json_response({"status": "healthy"})
        if request.path != self.path:
            return problem(404, f"The Broker's path is {self.path}.")
        if request.method != "POST":
            return problem(405, "Events are sent with POST.", Allow="POST")
        await continue_if_expected(request)
        body = await read_body(request)
        if body is None:
            return problem(413, "The event is larger than 1 MiB.")
        return await self._take(request, body)

    async def publish(self, event: Event) -> None:
        """Have the Broker take an event, which is durably queued on return; to be run straight."""
        await self._broker.publish(event)

    async def _take(self, request: web.BaseRequest, body: bytes) -> web.Response:
        try:
            headers = {name.lower(): value for name, value in request.headers.items()}
            await in_task(self.publish(parse(headers, body)))
        except NotACloudEvent as error:
            return problem(400, str(error))
        except Exhausted:
            return problem(400, "The event has passed the Broker too often (knativebrokerttl).")
        except QueueFull:
            return problem(429, "Too many deliveries are queued: send it again later.", Retry_After="1")
        except QueueUnavailable:
            return problem(503, UNAVAILABLE, Retry_After="1")
        return web.Response(status=202)
