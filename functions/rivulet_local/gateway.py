"""The gateway: requests to functions, by the Host header or by a port of their own."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Mapping
from typing import Any

import aiohttp
from aiohttp import web
from multidict import CIMultiDict, CIMultiDictProxy

from rivulet_local.activator import Activator
from rivulet_local.answers import continue_if_expected, problem, read_body
from rivulet_local.calls import call
from rivulet_local.errors import Unanswered

_HOP_BY_HOP = frozenset(
    {
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "expect",
    }
)
_SMALL = 256 * 1024


class Gateway:
    """Routes requests to functions.

    Parameters
    ----------
    functions
        All functions by name.
    report
        Gives what ``GET /_platform`` answers.
    """

    def __init__(
        self,
        functions: Mapping[str, Activator],
        report: Callable[[], dict[str, Any]],
    ) -> None:
        self._report = report
        self._by_host = {f"{each.spec.name}.{each.spec.namespace}.localhost": each for each in functions.values()}

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer a request to the gateway's port."""
        host = _without_port(request.headers.get("Host", ""))
        function = self._by_host.get(host)
        if function is not None:
            return await self._forward(request, function)
        if host != "localhost" and not _is_address(host):
            return problem(404, f"There is no service at {host!r}; services: {', '.join(self._by_host)}.")
        if request.path != "/_platform":
            services = ", ".join(self._by_host)
            return problem(404, f"There is only /_platform here; services by Host header: {services}.")
        if request.method not in ("GET", "HEAD"):
            return problem(405, "/_platform is read with GET.", Allow="GET, HEAD")
        return web.json_response(self._report())

    def handler_of(self, function: Activator) -> Callable[[web.BaseRequest], Any]:
        """Return a handler that gives every request to one function."""

        async def handle(request: web.BaseRequest) -> web.StreamResponse:
            return await self._forward(request, function)

        return handle

    async def _forward(self, request: web.BaseRequest, function: Activator) -> web.StreamResponse:
        await continue_if_expected(request)
        body = await read_body(request)
        if body is None:
            return problem(413, "The body is larger than 1 MiB.")
        headers = _end_to_end(request.headers)
        headers.popall("Content-Length", None)
        answer: web.StreamResponse | None = None
        try:
            async with call(
                function, request.method, request.raw_path, headers, body, function.spec.timeout
            ) as response:
                answer = _answer_to(response, request.method)
                return await _pass_on(response, answer, request)
        except Unanswered as error:
            if answer is not None and answer.prepared:
                # Too late for a status: the broken connection is what tells the caller.
                if request.transport is not None:
                    request.transport.abort()
                return answer
            extra = {"Retry-After": "1"} if error.status == 503 else {}
            return problem(error.status, error.sentence, **extra)


def _without_port(host: str) -> str:
    name, separator, port = host.lower().rpartition(":")
    return name if separator and port.isdigit() else host.lower()


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True


def _end_to_end(headers: CIMultiDictProxy[str]) -> CIMultiDict[str]:
    named = {each.strip().lower() for value in headers.getall("Connection", []) for each in value.split(",")}
    dropped = _HOP_BY_HOP | named
    return CIMultiDict((name, value) for name, value in headers.items() if name.lower() not in dropped)


def _answer_to(response: aiohttp.ClientResponse, method: str) -> web.StreamResponse:
    headers = _end_to_end(response.headers)
    length = response.content_length
    if method != "HEAD" and length is not None and length <= _SMALL:
        headers.popall("Content-Length", None)
        return web.Response(status=response.status, reason=response.reason, headers=headers)
    return web.StreamResponse(status=response.status, reason=response.reason, headers=headers)


async def _pass_on(
    response: aiohttp.ClientResponse, answer: web.StreamResponse, request: web.BaseRequest
) -> web.StreamResponse:
    if isinstance(answer, web.Response):
        answer.body = await response.read()
        return answer
    await answer.prepare(request)
    if request.method != "HEAD":
        async for chunk in response.content.iter_any():
            await answer.write(chunk)
    await answer.write_eof()
    return answer
