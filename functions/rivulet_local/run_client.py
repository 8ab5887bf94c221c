"""What a run asks of a platform, over the addresses that anyone may use."""

from __future__ import annotations

import asyncio
import secrets
import uuid
from datetime import UTC, datetime
from typing import Any

import aiohttp

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
        self._broker_url = broker_url
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
        headers = {
            "Ce-Specversion": "1.0",
            "Ce-Type": "dev.rivulet.tick.v1",
            "Ce-Source": "/rivulet/run",
            "Ce-Time": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "Ce-Id": f"{self._run_id}-{number}",
            "Ce-Subject": series,
            "Ce-Partitionkey": series,
            "Ce-Traceparent": f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-01",
            "Content-Type": "application/json",
        }
        await self._request("POST", self._broker_url, headers, data=b'{"source":"csv"}')

    async def _ask(self, method: str, service: str | None, path: str, query: dict[str, str] | None = None) -> Any:
        headers = {"Host": f"{service}.{NAMESPACE}.localhost"} if service else {}
        return await self._request(method, f"{self._gateway_url}{path}", headers, params=query)

    async def _request(self, method: str, url: str, headers: dict[str, str], **content: Any) -> Any:
        loop = asyncio.get_running_loop()
        end = loop.time() + PATIENCE
        while True:
            problem, pause = "", 0.2
            try:
                async with self._session.request(method, url, headers=headers, **content) as response:
                    if response.status == 404:
                        return None
                    if response.ok:
                        return await response.json() if response.content_type == "application/json" else None
                    problem = f"{response.status} {(await response.text())[:500]}"
                    if response.status not in _NOT_NOW:
                        raise RunError(f"{method} {url} was answered {problem}")
                    pause = _seconds(response.headers.get("Retry-After"), pause)
            except (aiohttp.ClientConnectionError, TimeoutError) as error:
                problem = str(error) or type(error).__name__
            if loop.time() + pause > end:
                raise RunError(f"{method} {url} has failed for {PATIENCE:.0f} s: {problem}")
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
