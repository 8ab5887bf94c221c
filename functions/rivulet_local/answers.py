"""What the gateway and the Broker's door have in common: errors as sentences, bodies within a bound."""

from __future__ import annotations

from aiohttp import web

LARGEST_BODY = 1024 * 1024


def problem(status: int, sentence: str, **headers: str) -> web.Response:
    """Return an error as JSON; the names of headers take an underscore for a hyphen."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return web.json_response({"error": sentence}, status=status, headers=named)


async def read_body(request: web.BaseRequest) -> bytes | None:
    """Read a request's body, or return None if it is too large."""
    length = request.content_length
    if length is not None and length > LARGEST_BODY:
        return None
    try:
        return await request.read()
    except web.HTTPRequestEntityTooLarge:
        return None


async def continue_if_expected(request: web.BaseRequest) -> None:
    """Answer ``Expect: 100-continue``, without which some clients hold back a larger body."""
    if request.headers.get("Expect", "").lower() == "100-continue":
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        # What has been written is no part of the answer yet.
        request.writer.output_size = 0
