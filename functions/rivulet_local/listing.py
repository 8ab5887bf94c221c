"""``ps``: what runs, as a table."""

from __future__ import annotations

import sys
from typing import Any

import aiohttp
from rich.console import Console
from rich.table import Table

from rivulet_local.settings import LocalSettings

_TIMEOUT = aiohttp.ClientTimeout(total=5)


async def list_services(settings: LocalSettings) -> int:
    """Print the services of the running platform; return the exit code."""
    try:
        async with (
            aiohttp.ClientSession(timeout=_TIMEOUT) as session,
            session.get(f"{settings.gateway_url}/_platform", raise_for_status=True) as response,
        ):
            report = await response.json()
    except (aiohttp.ClientError, TimeoutError, ValueError):
        print(
            f"No platform runs at {settings.gateway_url}: start it with `task up`, or set RIVULET_PORT.",
            file=sys.stderr,
        )
        return 1
    console = Console()
    console.print(_table(report["services"]))
    counters = ", ".join(f"{value} {name.replace('_', ' ')}" for name, value in report["broker"].items())
    console.print(f"Broker {report['broker_url']}: {counters}", highlight=False, soft_wrap=True)
    return 0


def _table(services: list[dict[str, Any]]) -> Table:
    table = Table("service", "state", box=None)
    for heading in ("replicas", "pid", "starts", "ran", "idle"):
        table.add_column(heading, justify="right")
    for service in services:
        idle = service["idle_seconds"]
        table.add_row(
            service["name"],
            service["state"],
            "0" if service["state"] == "zero" else "1",
            str(service["pid"] or ""),
            str(service["starts"]),
            f"{service['process_seconds']:.1f} s",
            "" if idle is None else f"{idle:.0f} of {service['window_seconds']:g} s",
        )
    return table
