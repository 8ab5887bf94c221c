"""The command line: ``up``, ``ps``, ``run`` and ``watch``."""

from __future__ import annotations

import argparse
import asyncio
import logging
import signal
import sys

import uvloop

from rivulet_local.errors import PlatformError
from rivulet_local.listing import list_services
from rivulet_local.platform import Platform
from rivulet_local.settings import LocalSettings, SettingError

_SETTINGS = """\
settings, from the environment:
  RIVULET_HOST          the address to listen on (127.0.0.1)
  RIVULET_PORT          the port of the functions (8080)
  RIVULET_BROKER_PORT   the port of the Broker (8081)
  RIVULET_EXPORTER_PORT the port of the metrics, or off (9464)
  RIVULET_LEGACY_PORTS  on, or off to leave the ports 8001 to 8013 alone (on)
  RIVULET_DATA          the folder for Redis' files, logs and the lock (.rivulet)
  RIVULET_READY_TIMEOUT how long a function may take to become ready (60s)
  TICK                  the interval of ticks, such as 5s, or off (1m)

A setting of the functions that the manifests name, such as N_LAGS, may be set here, too.
"""


def main(arguments: list[str] | None = None) -> int:
    """Run a command and return its exit code.

    Parameters
    ----------
    arguments
        What stands behind the program's name; the process' own without a value.
    """
    chosen = _parser().parse_args(arguments)
    try:
        settings = LocalSettings.from_environment()
    except SettingError as error:
        print(error, file=sys.stderr)
        return 2
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)-7s %(message)s", stream=sys.stderr)
    if chosen.command == "watch":
        return _watch(settings, chosen.address, chosen.once)
    if chosen.command == "ps":
        return asyncio.run(list_services(settings))
    try:
        return _run(settings) if chosen.command == "run" else uvloop.run(serve(Platform(settings)))
    except PlatformError as error:
        print(error, file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m rivulet_local",
        description="Rivulet on one machine, without Kubernetes.",
        epilog=_SETTINGS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")
    commands.add_parser("up", help="start the platform and keep it running until Ctrl-C")
    commands.add_parser("ps", help="list the services of a running platform")
    watching = commands.add_parser("watch", help="show what happens, in the terminal, until Ctrl-C")
    watching.add_argument("address", nargs="?", help="where the metrics are; the running platform's own without it")
    watching.add_argument("--once", action="store_true", help="show it once and end")
    commands.add_parser("run", help="stream the data set through the platform and print the leaderboard")
    return parser


def _watch(settings: LocalSettings, address: str | None, once: bool) -> int:
    from rivulet_local.watch import watch  # late, as only this command needs a parser of metrics

    if address is None and settings.exporter_port is None:
        print("RIVULET_EXPORTER_PORT is off: give the address of an exporter.", file=sys.stderr)
        return 2
    own = f"{settings.gateway_url.rpartition(':')[0]}:{settings.exporter_port}"
    base = (address or own).rstrip("/")
    where = base if base.endswith("/metrics") else f"{base}/metrics"
    return asyncio.run(watch(where, settings.environment.get("SERIES", ""), once))


def _run(settings: LocalSettings) -> int:
    # Late, since drawing libraries come with it, which the other commands do without.
    from rivulet_local.run import run

    return run(settings)


async def serve(platform: Platform) -> int:
    """Keep a platform running until SIGINT or SIGTERM; return the exit code."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        # Once the event is set, setting it again, by a second Ctrl-C, does nothing.
        loop.add_signal_handler(number, stop.set)
    async with platform:
        print(_ready_line(platform), flush=True)
        await stop.wait()
        logging.getLogger(__name__).info("stops")
    return 0


def _ready_line(platform: Platform) -> str:
    port = platform.gateway_url.rpartition(":")[2]
    service = next(iter(platform.manifests.services.values()))
    metrics = f", metrics {platform.exporter_url}" if platform.exporter_url else ""
    return (
        f"ready: functions http://<service>.{service.namespace}.localhost:{port} "
        f"(such as {service.name}), Broker {platform.broker_url}, Redis {platform.redis_url}{metrics}"
    )
