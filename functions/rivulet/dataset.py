"""The data set that ingest streams: a CSV with a header and one observation a row."""

from __future__ import annotations

import csv
import math
from dataclasses import dataclass
from pathlib import Path

VALUE_COLUMNS = ("target", "value")
LABEL_COLUMNS = ("input", "time")


class DatasetError(ValueError):
    """The file is no data set; the sentence names the line."""


@dataclass(frozen=True)
class Row:
    """One observation.

    Attributes
    ----------
    label
        What the file says of its time, if it does.
    value
        The number, whole where the file has a whole one.
    """

    label: str | None
    value: float | int


def read(path: Path) -> list[Row]:
    """Read a data set.

    Raises
    ------
    DatasetError
        If there is no such file, it has no column ``target`` or ``value``, no row, or a row without a number.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise DatasetError(f"{path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise DatasetError(f"{path} is not UTF-8") from None
    reader = csv.reader(text.splitlines())
    header = [name.strip().lower() for name in next(reader, [])]
    value_at = next((header.index(name) for name in VALUE_COLUMNS if name in header), None)
    if value_at is None:
        raise DatasetError(f"{path}: line 1: the header has no column 'target' or 'value', but {header}")
    label_at = next((header.index(name) for name in LABEL_COLUMNS if name in header), None)
    rows = [_row(path, reader.line_num, cells, value_at, label_at) for cells in reader if cells]
    if not rows:
        raise DatasetError(f"{path} has a header, but no row")
    return rows


def _row(path: Path, line: int, cells: list[str], value_at: int, label_at: int | None) -> Row:
    try:
        text = cells[value_at].strip()
        number = float(text)
    except (IndexError, ValueError):
        found = cells[value_at] if value_at < len(cells) else "nothing"
        raise DatasetError(f"{path}: line {line}: column {value_at + 1} has no number, but {found!r}") from None
    if not math.isfinite(number) or abs(number) > 1e15:
        raise DatasetError(f"{path}: line {line}: {text} is not a number between -1e15 and 1e15")
    label = cells[label_at].strip() if label_at is not None and label_at < len(cells) else ""
    whole = number.is_integer() and "." not in text and "e" not in text.lower()
    return Row(label or None, int(number) if whole else number)
