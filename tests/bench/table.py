"""The table that ``task bench`` prints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from rich.console import Console
from rich.table import Table

from tests.bench.report import Measurement, Target

_FEWEST_COLUMNS = 100


class Row(Protocol):
    """What a row of the table tells of: a benchmark, or a figure of a cluster."""

    @property
    def name(self) -> str: ...
    @property
    def what(self) -> str: ...
    @property
    def target(self) -> Target | None: ...


def show(benchmarks: Sequence[Row], measured: Mapping[str, Measurement]) -> None:
    """Print one row a benchmark."""
    table = Table("benchmark", box=None, pad_edge=False)
    for name in ("value", "spread", "target", "met", "floor"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("what")
    for each in benchmarks:
        target = str(each.target or "printed")
        found = measured.get(each.name)
        if found is None:
            table.add_row(each.name, "failed", "", target, "", "", each.what)
            continue
        low, high = found.spread
        met = "" if each.target is None else "yes" if each.target.met_by(found.value) else "no"
        floor = "" if found.floor is None else f"{found.floor:.2f}"
        table.add_row(each.name, f"{found.value:.2f}", f"{low:.2f} .. {high:.2f}", target, met, floor, each.what)
    console = Console()
    console.width = max(console.width, _FEWEST_COLUMNS)
    console.print(table)
