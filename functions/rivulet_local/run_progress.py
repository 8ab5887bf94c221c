"""How far a run is: a bar for a person, a line now and then for a log."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

Show = Callable[[int], None]


@contextmanager
def progress(series: str, rows: int) -> Iterator[Show]:
    """Show on stderr how many of `rows` are done."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield lines(series, rows)
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console) as bar:
        task = bar.add_task(series, total=rows)
        yield lambda done: bar.update(task, completed=done)


def lines(series: str, rows: int, step: float = 0.1) -> Show:
    """Print a line each tenth of the way."""
    told = 0.0

    def show(done: int) -> None:
        nonlocal told
        if done >= rows or done / rows >= told + step:
            told = done / rows
            print(f"{series}: {done} of {rows} observations", file=sys.stderr, flush=True)

    return show
