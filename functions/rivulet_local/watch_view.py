"""How the terminal view looks: 80 columns are enough."""

from __future__ import annotations

from collections.abc import Sequence

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from rivulet_local.watch_state import History, Reading, SeriesState

_BARS = "▁▂▃▄▅▆▇█"
_WIDTH = 40
_NEWEST = 6
_REFERENCE = "seasonal_naive"


def sparkline(values: Sequence[float], width: int = _WIDTH) -> str:
    """Return the newest values as bars, the smallest the lowest."""
    values = values[-width:]
    if not values:
        return ""
    low, span = min(values), max(values) - min(values)
    return "".join(_BARS[int((value - low) / span * (len(_BARS) - 1))] if span else _BARS[0] for value in values)


def view(reading: Reading, name: str, history: History, now: float) -> RenderableType:
    """Return one picture of a series.

    Parameters
    ----------
    now
        Seconds since 1970.
    """
    series = reading.series[name]
    parts: list[RenderableType] = [_head(reading, name, series, now)]
    if series.models:
        parts += [Text(sparkline(history.actuals()), style="cyan"), _observations(history), _board(series, history)]
    else:
        parts.append(Text("No model has learned from it yet.", style="dim"))
    return Group(*parts, _functions(reading))


def _head(reading: Reading, name: str, series: SeriesState, now: float) -> Text:
    if not reading.redis_up:
        return Text("Redis is away: nothing is learned until it is back.", style="bold red")
    head = Text(name, style="bold")
    head.append(f"  {series.observations} observations", style="default")
    if series.observed_at is not None:
        head.append(f", the newest {max(0.0, now - series.observed_at):.0f} s ago", style="default")
    if reading.dead_letters:
        head.append(f"  {reading.dead_letters} dead letters", style="bold red")
    return head


def _observations(history: History) -> Table:
    newest = history.newest(_NEWEST)
    models = sorted({model for _, series in newest for model in series.models})
    table = Table(
        box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, title="Newest observations", title_justify="left"
    )
    table.add_column("number", justify="right")
    table.add_column("value", justify="right", style="cyan")
    for model in models:
        table.add_column(_short(model), justify="right")
    for number, series in newest:
        predictions = [series.models[model].prediction if model in series.models else None for model in models]
        table.add_row(str(number), _figure(series.actual), *map(_figure, predictions))
    return table


def _board(series: SeriesState, history: History) -> Table:
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, title="Leaderboard", title_justify="left")
    table.add_column("model", no_wrap=True)
    for heading in ("predicted", "error", "next", "MAE\n(20)", "relative\nMAE"):
        table.add_column(heading, justify="right", vertical="bottom")
    table.add_column("errors", no_wrap=True)
    reference = series.baselines.get(_REFERENCE)
    rows: list[tuple[float, list[str], str]] = []
    for name, model in series.models.items():
        figures = [model.prediction, model.error, model.forecast.get(1), model.mae]
        cells = [name, *map(_figure, figures), _relative(model.mae, reference), sparkline(history.errors(name), 12)]
        rows.append((_rank(model.mae), cells, "default"))
    for name, mae in series.baselines.items():
        rows.append((_rank(mae), [f"{name} *", "", "", "", _figure(mae), _relative(mae, reference), ""], "dim"))
    rows.sort(key=lambda row: row[0])
    best = next((cells for _, cells, style in rows if style != "dim"), None)
    for _, cells, style in rows:
        table.add_row(*cells, style="bold green" if cells is best else style)
    return table


def _functions(reading: Reading) -> Text:
    line = Text()
    for name, pods in sorted(reading.pods.items()):
        # Held together by spaces that do not break.
        line.append("●\u00a0" if pods else "○\u00a0", style="green" if pods else "dim")
        line.append(f"{name}\u00a0{'up' if pods else 'zero'}  ", style="default" if pods else "dim")
    return line


def _short(model: str) -> str:
    return model.removesuffix("_regressor").removesuffix("_regression")


def _figure(value: float | None) -> str:
    return "-" if value is None else f"{value:.4g}"


def _relative(mae: float | None, reference: float | None) -> str:
    return f"{mae / reference:.2f}" if mae is not None and reference else "-"


def _rank(mae: float | None) -> float:
    return float("inf") if mae is None else mae
