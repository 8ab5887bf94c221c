"""What a person asks of an evaluation, read from the environment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from rivulet.models import names
from rivulet.settings import LONGEST_SEASON, Settings

SHIPPED = Path(__file__).parent / "series"
_DEPLOYED = Settings().models


class SettingError(ValueError):
    """A variable has a value that it cannot take; the sentence names it."""


@dataclass(frozen=True)
class EvaluationSettings:
    """The settings of one evaluation.

    Attributes
    ----------
    folder
        Where the CSV files are (``DIR``).
    season
        Length of the season of every file; found for each, if None (``SEASON``).
    models
        The definitions that are evaluated (``MODELS``: names, or ``all``).
    contenders
        Those of them that the champion combines: what the cluster runs, unless ``MODELS`` says which.
    autoets
        Whether AutoETS is run beside them (``AUTOETS=off`` leaves it out).
    raw
        Whether the learners are run on raw lags, too (``RAW=on``).
    n_lags
        How many lags a feature vector has (``N_LAGS``), as deployed if not said.
    """

    folder: Path
    season: int | None
    models: tuple[str, ...]
    contenders: tuple[str, ...]
    autoets: bool
    raw: bool
    n_lags: int

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> EvaluationSettings:
        """Read the settings.

        Raises
        ------
        SettingError
            If a variable has a value that it cannot take.
        """
        folder = Path(environment.get("DIR") or SHIPPED)
        if not folder.is_dir():
            raise SettingError(f"DIR has to be a folder with CSV files, not {str(folder)!r}.")
        season = environment.get("SEASON", "")
        models, contenders = _models(environment.get("MODELS", ""))
        return cls(
            folder=folder,
            season=_count("SEASON", season, LONGEST_SEASON) if season else None,
            models=models,
            contenders=contenders,
            autoets=_switch("AUTOETS", environment.get("AUTOETS") or "on"),
            raw=_switch("RAW", environment.get("RAW") or "off"),
            n_lags=_count("N_LAGS", environment.get("N_LAGS") or "15", 1000),
        )


def _models(text: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    known = names()
    if not text:
        return tuple(known), _DEPLOYED
    if text == "all":
        return tuple(known), tuple(known)
    chosen = tuple(name.strip() for name in text.split(","))
    for name in chosen:
        if name not in known:
            raise SettingError(f"MODELS has to be all, or of {', '.join(known)}; {name!r} is none of them.")
    return chosen, chosen


def _switch(name: str, text: str) -> bool:
    if text not in ("on", "off"):
        raise SettingError(f"{name} has to be on or off, not {text!r}.")
    return text == "on"


def _count(name: str, text: str, most: int) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= most):
        raise SettingError(f"{name} has to be a whole number from 1 to {most}, not {text!r}.")
    return int(text)
