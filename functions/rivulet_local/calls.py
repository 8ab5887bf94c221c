"""A request to a function: through the activator, to its process."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Mapping

import aiohttp
from yarl import URL

from rivulet.straight import of_task
from rivulet_local.activator import Activator
from rivulet_local.answer_reader import Answer
from rivulet_local.errors import Unanswered, Unstartable
from rivulet_local.function_process import FunctionProcess
from rivulet_local.wire import NothingSent

_FAILURES = (Unstartable, TimeoutError, aiohttp.ClientError, OSError)


class _Ended(aiohttp.ClientError):
    """The process ended between the lease and the request: nothing was sent."""


@contextlib.asynccontextmanager
async def call(
    function: Activator,
    method: str,
    target: str,
    headers: Mapping[str, str],
    body: bytes,
    timeout: float,
) -> AsyncIterator[aiohttp.ClientResponse]:
    """Send a request to a function and give the response, whose body may still be coming.

    A request whose connection breaks is not sent again, unless its method is idempotent (aiohttp does that).

    Parameters
    ----------
    target
        Path and query, encoded.
    timeout
        Seconds that the ready function may be silent.

    Raises
    ------
    Unanswered
        If there is no answer.
    """
    patience = aiohttp.ClientTimeout(total=None, sock_connect=timeout, sock_read=timeout)

    async def send(process: FunctionProcess) -> aiohttp.ClientResponse:
        if process.session.closed:
            raise _Ended
        url = URL(process.address + target, encoded=True)
        return await process.session.request(
            method, url, headers=headers, data=body or None, allow_redirects=False, timeout=patience
        )

    try:
        async with function.lease() as process:
            try:
                response = await send(process)
            except (aiohttp.ClientConnectorError, _Ended):
                # Nothing was sent, so that sending it to the next process cannot do it twice.
                response = await send(await function.renewed(process))
            async with response:
                yield response
    except _FAILURES as error:
        raise _unanswered(function, timeout, error) from None


async def post(function: Activator, path: str, message: bytes, timeout: float) -> Answer:
    """Send a delivery to a function and return the whole answer; a broken connection is the caller's to repeat.

    To be run straight: most deliveries find the function ready, and have nothing to wait for but its answer.

    Parameters
    ----------
    message
        The headers, and the body.
    timeout
        Seconds that the ready function may be silent.

    Raises
    ------
    Unanswered
        If there is no answer.
    """
    try:
        process = function.entered()
        if process is None:
            process = await of_task(function.enter())
        try:
            return await process.wire.post(path, message, timeout)
        except NothingSent:
            renewed = await of_task(function.renewed(process))
            return await renewed.wire.post(path, message, timeout)
        finally:
            function.leave()
    except _FAILURES as error:
        raise _unanswered(function, timeout, error) from None


def _unanswered(function: Activator, timeout: float, error: Exception) -> Unanswered:
    """Tell why there is no answer."""
    name = function.spec.name
    if isinstance(error, Unstartable):
        return Unanswered(503, f"{error}.")
    if isinstance(error, TimeoutError):
        return Unanswered(504, f"{name} gave no answer within {timeout:g} s.")
    cause = str(error) or type(error).__name__ if function.alive else "its process ended"
    return Unanswered(502, f"{name} gave no whole answer: {cause}.")
