"""``task run``: a data set streamed through the platform, and what came of it."""

from __future__ import annotations

import asyncio
import dataclasses
import logging
import signal
import sys
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import uvloop
from rich.console import Console

from rivulet_local.errors import PlatformError
from rivulet_local.platform import Platform
from rivulet_local.run_client import PlatformClient, RunError, running_platform
from rivulet_local.run_progress import progress
from rivulet_local.run_report import shortcomings, table, write_document
from rivulet_local.run_settings import RunSettings, check_rows
from rivulet_local.run_stream import Stream, describe
from rivulet_local.settings import LocalSettings, SettingError

OUT = Path("out")
FEWEST_COLUMNS = 80


def run(settings: LocalSettings) -> int:
    """Stream a data set, print the leaderboard, draw the picture.

    Returns
    -------
    int
        The exit status: 0 if every model predicted every row and nothing was lost, 1 if not, 2 for a setting
        that cannot be, 130 or 143 when interrupted.
    """
    for chatty in ("rivulet_local", "matplotlib"):  # what comes and goes as usual would break the bar up
        logging.getLogger(chatty).setLevel(logging.WARNING)
    try:
        options = RunSettings.from_environment(settings.environment)
        return uvloop.run(_until_signalled(_run(settings, options)))
    except SettingError as error:
        print(error, file=sys.stderr)
        return 2
    except (RunError, PlatformError) as error:
        print(error, file=sys.stderr)
        return 1


async def _until_signalled(work: Coroutine[Any, Any, int]) -> int:
    task = asyncio.ensure_future(work)
    received: list[signal.Signals] = []

    def stop(number: signal.Signals) -> None:
        if not received:  # a second Ctrl-C does not interrupt the stopping
            received.append(number)
            task.cancel()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop, number)
    try:
        return await task
    except asyncio.CancelledError:
        if not received:
            raise
        print("Stopped before the end.", file=sys.stderr)
        return 128 + received[0]


async def _run(settings: LocalSettings, options: RunSettings) -> int:
    async with aiohttp.ClientSession() as session, _platform(session, settings, options) as client:
        there = await client.rows()
        rows = options.rows or there
        check_rows(rows, there)
        await _make_room(client, options)
        with progress(options.series, rows) as show:
            models = await Stream(client, options.series, rows, show).run()
        return await _report(client, options.series, models, rows)


@asynccontextmanager
async def _platform(
    session: aiohttp.ClientSession, settings: LocalSettings, options: RunSettings
) -> AsyncIterator[PlatformClient]:
    """Use the platform that is up, or start one for the run."""
    broker_url = await running_platform(session, settings.gateway_url) if settings.port else None
    if broker_url:
        if options.csv:
            raise SettingError(
                f"CSV: the platform at {settings.gateway_url} is up and serves another data set: stop it, "
                "or set RIVULET_PORT, RIVULET_BROKER_PORT and RIVULET_DATA for one of the run's own."
            )
        yield PlatformClient(session, settings.gateway_url, broker_url)
        return
    own = dataclasses.replace(settings, tick=None, legacy_ports=False)
    overrides = {"SERIES_ID": options.series} | ({"DATASET": str(options.csv)} if options.csv else {})
    async with Platform(own, overrides=overrides) as platform:
        yield PlatformClient(session, platform.gateway_url, platform.broker_url)


async def _make_room(client: PlatformClient, options: RunSettings) -> None:
    if options.fresh:
        await client.remove(options.series)
    elif await client.leaderboard(options.series) is not None:
        raise RunError(
            f"SERIES: the series {options.series} exists already: set FRESH=1 to replace it, or SERIES to another name."
        )


async def _report(client: PlatformClient, series: str, models: set[str], rows: int) -> int:
    # Late: whoever is refused does not wait for the libraries that draw and tabulate, and they find their loggers
    # made quiet.
    from rivulet_local.run_picture import Line, write_picture
    from rivulet_local.run_predictions import write_predictions

    board = await client.leaderboard(series)
    if board is None:
        raise RunError(f"The series {series} is gone: something else has removed it.")
    write_document(OUT / "leaderboard.json", board)
    ranked = [row for row in board["rows"] if row["kind"] == "model"]
    lines = [Line(row["model"], row["mae"], await client.predictions(series, row["model"])) for row in ranked]
    write_picture(OUT / "forecast.png", series, lines)
    write_predictions(OUT / "predictions.csv", lines)
    console = Console()
    console.width = max(console.width, FEWEST_COLUMNS)
    console.print(table(board))
    print(f"The picture is {OUT / 'forecast.png'}, the numbers are {OUT / 'leaderboard.json'},")
    print(f"each prediction stands in {OUT / 'predictions.csv'}.")
    missing = shortcomings(board, models, rows)
    if board["dead_letters"]:
        missing += describe(await client.dead_letters(series))
    for sentence in missing:
        print(sentence, file=sys.stderr)
    return 1 if missing else 0
