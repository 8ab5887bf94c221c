"""What a person asks of one run, read from the environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from rivulet import dataset
from rivulet.fields import SERIES_ID
from rivulet_local.settings import SettingError


@dataclass(frozen=True)
class RunSettings:
    """The settings of one run.

    Attributes
    ----------
    series
        The series that the run makes (``SERIES``).
    rows
        How many rows are streamed, from the first on; all of them if None (``ROWS``).
    csv
        A data set of one's own, in place of the one that ingest carries (``CSV``).
    fresh
        Whether a series of this name is removed first (``FRESH``).
    """

    series: str = "default"
    rows: int | None = None
    csv: Path | None = None
    fresh: bool = False

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> RunSettings:
        """Read the settings, and the data set that they name.

        Raises
        ------
        SettingError
            If a variable has a value that it cannot take; the sentence names the variable.
        """
        rows, path = _rows(environment.get("ROWS", "")), environment.get("CSV", "")
        csv = _csv(Path(path), rows) if path else None
        return cls(_series(environment.get("SERIES", "")), rows, csv, _fresh(environment.get("FRESH", "")))


def _series(text: str) -> str:
    if text and not SERIES_ID.fullmatch(text):
        raise SettingError(
            "SERIES has to be 1 to 128 letters, digits or . _ : @ ~ + - and start with a letter or a digit, "
            f"not {text!r}."
        )
    return text or RunSettings.series


def _rows(text: str) -> int | None:
    if text and not (text.isascii() and text.isdigit() and 1 <= int(text) <= 10**9):
        raise SettingError(f"ROWS has to be a whole number of rows from 1 on, not {text!r}.")
    return int(text) if text else None


def _fresh(text: str) -> bool:
    if text not in ("", "0", "1"):
        raise SettingError(f"FRESH has to be 1 or 0, not {text!r}.")
    return text == "1"


def _csv(path: Path, rows: int | None) -> Path:
    try:
        there = len(dataset.read(path))
    except dataset.DatasetError as error:
        raise SettingError(f"CSV: {error}.") from None
    if rows is not None:
        check_rows(rows, there)
    return path.absolute()


def check_rows(wanted: int, there: int) -> None:
    """Refuse to stream more rows than a data set has.

    Raises
    ------
    SettingError
        If it has fewer.
    """
    if wanted > there:
        raise SettingError(f"ROWS is {wanted}, but the data set has {there} rows.")
