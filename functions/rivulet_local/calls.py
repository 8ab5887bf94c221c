"""A request to a function: through the activator, to its process."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping

import aiohttp
from yarl import URL

from rivulet_local.activator import Activator
from rivulet_local.errors import Unanswered, Unstartable

# Bodies pass as they are, and what the caller did not say is not said for it.
_NOT_ADDED = ("Accept", "Accept-Encoding", "User-Agent", "Content-Type")
_NO_TIMEOUT = aiohttp.ClientTimeout(total=None)


def client_session() -> aiohttp.ClientSession:
    """Return the client that all calls share.

    Its idle connections end well before gunicorn ends them (``keepalive`` in its configuration), so that a call never
    meets one that is just being closed.
    """
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=30.0),
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        skip_auto_headers=_NOT_ADDED,
        timeout=_NO_TIMEOUT,
    )


class Caller:
    """Sends requests to functions."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session

    @contextlib.asynccontextmanager
    async def call(
        self,
        function: Activator,
        method: str,
        target: str,
        headers: Mapping[str, str],
        body: bytes,
        timeout: float,
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """Send a request and give the response, whose body may still be coming.

        Parameters
        ----------
        target
            Path and query, encoded.
        timeout
            Seconds after which an answer has to have begun, once the function is ready.

        Raises
        ------
        Unanswered
            If there is no answer.
        """
        name = function.spec.name
        try:
            async with function.lease() as address:
                async with asyncio.timeout(timeout):
                    response = await self._send(function, address, method, target, headers, body)
                async with response:
                    yield response
        except Unstartable as error:
            raise Unanswered(503, f"{error}.") from None
        except TimeoutError:
            raise Unanswered(504, f"{name} gave no answer within {timeout:g} s.") from None
        except (aiohttp.ClientError, OSError) as error:
            cause = "its process ended" if not function.alive else str(error) or type(error).__name__
            raise Unanswered(502, f"{name} gave no whole answer: {cause}.") from None

    async def _send(
        self,
        function: Activator,
        address: str,
        method: str,
        target: str,
        headers: Mapping[str, str],
        body: bytes,
    ) -> aiohttp.ClientResponse:
        try:
            return await self._request(address, method, target, headers, body)
        except aiohttp.ClientConnectorError:
            # Nothing was sent, so that sending it to the next process cannot do it twice.
            return await self._request(await function.renewed(address), method, target, headers, body)

    async def _request(
        self, address: str, method: str, target: str, headers: Mapping[str, str], body: bytes
    ) -> aiohttp.ClientResponse:
        url = URL(address + target, encoded=True)
        return await self._session.request(method, url, headers=headers, data=body or None, allow_redirects=False)
