"""The data set that ingest streams: a CSV with a header and one observation a row."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from rivulet.fields import LARGEST, MOST_TEXT

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.ASCII | re.IGNORECASE)
_WHOLE = re.compile(r"[+-]?\d{1,15}", re.ASCII)
VALUE_COLUMNS = ("target", "value")
LABEL_COLUMNS = ("input", "time")


class Lines(Protocol):
    """A reader of the `csv` module."""

    line_num: int

    def __iter__(self) -> Iterator[list[str]]:
        """Iterate over the lines' cells."""

    def __next__(self) -> list[str]:
        """Return the next line's cells."""


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
    reader = csv.reader(io.StringIO(text, newline=""))
    try:
        return _rows(path, reader)
    except csv.Error as error:
        raise DatasetError(f"{path}: line {reader.line_num}: {error}") from None


def _rows(path: Path, reader: Lines) -> list[Row]:
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
    text = cells[value_at].strip() if value_at < len(cells) else ""
    if not _NUMBER.fullmatch(text):
        raise DatasetError(f"{path}: line {line}: column {value_at + 1} has no number, but {text[:40]!r}")
    if not abs(float(text)) <= LARGEST:
        raise DatasetError(f"{path}: line {line}: {text[:40]} is not a number between -{LARGEST:g} and {LARGEST:g}")
    label = cells[label_at].strip() if label_at is not None and label_at < len(cells) else ""
    if len(label) > MOST_TEXT or not label.isprintable():
        raise DatasetError(f"{path}: line {line}: the label is longer than {MOST_TEXT} characters, or not printable")
    return Row(label or None, int(text) if _WHOLE.fullmatch(text) else float(text))
