"""What a run asks of a platform, over the addresses that anyone may use."""

from __future__ import annotations

import asyncio
import json
import secrets
import uuid
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import aiohttp
from yarl import URL

from rivulet.straight import in_task
from rivulet_local.answer_reader import Answer
from rivulet_local.cloudevent import Event
from rivulet_local.wire import Wire

NAMESPACE = "ml-services"
PATIENCE = 60.0  # seconds that a request is tried again for, while the platform says: not now
PAGE = 1000
_NOT_NOW = frozenset({429, 502, 503, 504})


class RunError(Exception):
    """The run cannot go on; the sentence says why."""


class PlatformClient:
    """Speaks to the gateway and to the Broker of one platform.

    Parameters
    ----------
    session
        The HTTP session; its owner closes it.
    gateway_url, broker_url
        The platform's two addresses.
    """

    def __init__(self, session: aiohttp.ClientSession, gateway_url: str, broker_url: str) -> None:
        self._session = session
        self._gateway_url = gateway_url
        self._broker = URL(broker_url)
        self._wire = Wire(self._broker.port or 80, self._broker.host or "127.0.0.1")
        self._run_id = str(uuid.uuid4())

    async def rows(self) -> int:
        """Return how many rows ingest's data set has."""
        health = await self._ask("GET", "ingest", "/health")
        return int(health["total_observations"])

    async def leaderboard(self, series: str) -> dict[str, Any] | None:
        """Return the leaderboard of a series, or None if there is no such series."""
        board: dict[str, Any] | None = await self._ask("GET", "ledger", "/leaderboard", {"series_id": series})
        return board

    async def models(self, series: str) -> set[str]:
        """Return the models that predict a series, once its first observation is there; before, an empty set."""
        way = await self._ask("GET", "ledger", f"/runs/{series}/1")
        return {stage["model"] for stage in way["models"]} | set(way["waiting_for"]) if way else set()

    async def remove(self, series: str) -> None:
        """Remove a series with all that was learned from it."""
        await self._ask("DELETE", "ledger", f"/series/{series}")

    async def predictions(self, series: str, model: str) -> list[dict[str, Any]]:
        """Return all predictions of a model, in the order of the observations."""
        found: list[dict[str, Any]] = []
        first: int | None = 1
        while first is not None:
            query = {"series_id": series, "model": model, "from": str(first), "to": str(first + PAGE - 1)}
            page = await self._ask("GET", "ledger", "/predictions", query) or {"predictions": [], "next": None}
            found += page["predictions"]
            first = page["next"] or (first + PAGE if len(page["predictions"]) == PAGE else None)
        return found

    async def dead_letters(self, series: str) -> list[dict[str, Any]]:
        """Return the dead letters of a series."""
        answer = await self._ask("GET", "ledger", "/deadletters", {"series_id": series})
        letters: list[dict[str, Any]] = answer["dead_letters"] if answer else []
        return letters

    async def broker_state(self) -> dict[str, Any]:
        """Return the counters of the Broker."""
        return dict((await self._ask("GET", None, "/_platform"))["broker"])

    async def tick(self, series: str, number: int) -> None:
        """Send a tick of this run to the Broker; a number stands for the same tick however often it is sent."""
        tick = Event(
            {
                "specversion": "1.0",
                "type": "dev.rivulet.tick.v1",
                "source": "/rivulet/run",
                "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
                "id": f"{self._run_id}-{number}",
                "subject": series,
                "partitionkey": series,
                "traceparent": f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-01",
                "datacontenttype": "application/json",
            },
            b'{"source":"csv"}',
        )
        path = self._broker.path

        async def send() -> Answer:
            return await in_task(self._wire.post(path, tick.message(), PATIENCE))

        await _patiently(f"POST {self._broker}", send)

    def close(self) -> None:
        """End the connections to the Broker."""
        self._wire.close()

    async def _ask(self, method: str, service: str | None, path: str, query: dict[str, str] | None = None) -> Any:
        headers = {"Host": f"{service}.{NAMESPACE}.localhost"} if service else {}
        url = f"{self._gateway_url}{path}"

        async def send() -> Answer:
            async with self._session.request(method, url, headers=headers, params=query) as response:
                named = {name.lower(): value for name, value in response.headers.items()}
                return Answer(response.status, named, await response.read())

        answer = await _patiently(f"{method} {url}", send)
        is_json = answer.headers.get("content-type", "").startswith("application/json")
        return json.loads(answer.body) if is_json and answer.status != 404 else None


async def _patiently(what: str, send: Callable[[], Awaitable[Answer]]) -> Answer:
    """Send a request, again while the platform says: not now; the answer is 2xx or 404."""
    loop = asyncio.get_running_loop()
    end = loop.time() + PATIENCE
    while True:
        problem, pause = "", 0.2
        try:
            answer = await send()
        except (aiohttp.ClientConnectionError, OSError) as error:
            problem = str(error) or type(error).__name__
        else:
            if answer.status < 400 or answer.status == 404:
                return answer
            problem = f"{answer.status} {answer.body.decode(errors='replace')[:500]}"
            if answer.status not in _NOT_NOW:
                raise RunError(f"{what} was answered {problem}")
            pause = _seconds(answer.headers.get("retry-after"), pause)
        if loop.time() + pause > end:
            raise RunError(f"{what} has failed for {PATIENCE:.0f} s: {problem}")
        await asyncio.sleep(pause)


def _seconds(retry_after: str | None, otherwise: float) -> float:
    return min(float(retry_after), 10.0) if retry_after and retry_after.isdigit() else otherwise


async def running_platform(session: aiohttp.ClientSession, gateway_url: str) -> str | None:
    """Return the Broker's address if a platform answers at `gateway_url`, None if none does."""
    try:
        async with session.get(f"{gateway_url}/_platform", timeout=aiohttp.ClientTimeout(total=5)) as response:
            state = await response.json() if response.content_type == "application/json" else {}
    except (aiohttp.ClientError, TimeoutError, ValueError):
        return None
    return str(state["broker_url"]) if isinstance(state, dict) and "broker_url" in state else None
