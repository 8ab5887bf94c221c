"""Every definition, the baselines and the champion over each file of a folder."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rivulet import dataset
from rivulet_evaluation import raw
from rivulet_evaluation.autoets import autoets
from rivulet_evaluation.folding import Track, combine, fold
from rivulet_evaluation.scores import FIRST, REFERENCE, scores, season_of
from rivulet_evaluation.settings import EvaluationSettings

Show = Callable[[str], None]


class EvaluationError(Exception):
    """The folder cannot be evaluated; the sentence says why."""


@dataclass(frozen=True)
class Series:
    """One file.

    Attributes
    ----------
    season
        Its season's length, given or found; 1 for none.
    """

    name: str
    values: list[float]
    season: int


def load(settings: EvaluationSettings) -> list[Series]:
    """Read the files of the folder.

    Raises
    ------
    EvaluationError
        If there is none, or one is no data set, or too short to leave out its start.
    """
    paths = sorted(settings.folder.glob("*.csv"))
    if not paths:
        raise EvaluationError(f"{settings.folder} has no CSV file.")
    return [_read(path, settings.season) for path in paths]


def _read(path: Path, season: int | None) -> Series:
    try:
        values = [float(row.value) for row in dataset.read(path)]
    except dataset.DatasetError as error:
        raise EvaluationError(f"{error}.") from None
    if len(values) <= FIRST:
        raise EvaluationError(f"{path} has {len(values)} rows; more than {FIRST} are needed, which are left out.")
    return Series(path.name, values, season or season_of(values))


def evaluate(settings: EvaluationSettings, files: list[Series], show: Show) -> dict[str, dict[str, dict[str, Any]]]:
    """Return the scores by file and forecaster.

    Parameters
    ----------
    show
        Is told each piece of work that is done: the file's name.
    """
    tracks: dict[str, dict[str, Track]] = {one.name: {} for one in files}
    # A fresh process for each worker: what one model's import left behind is not another's cost.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(os.cpu_count(), mp_context=context) as pool:
        pending: dict[Future[Track], tuple[str, str]] = {}
        for one in files:
            if settings.autoets:
                pending[pool.submit(autoets, one.values, one.season, FIRST)] = (one.name, REFERENCE)
            for model in _folded(settings):
                pending[pool.submit(fold, model, one.values, settings.n_lags, settings.season)] = (one.name, model)
        for done in as_completed(pending):
            name, model = pending[done]
            tracks[name][model] = done.result()
            show(name)
    return {one.name: _scored(one, tracks[one.name], settings) for one in files}


def _scored(one: Series, found: dict[str, Track], settings: EvaluationSettings) -> dict[str, dict[str, Any]]:
    contenders = {name: found[name] for name in settings.contenders if name in found}
    ordered = {name: found[name] for name in (*_folded(settings), REFERENCE) if name in found}
    return scores(one.values, one.season, {**ordered, **combine(contenders, one.values, one.season)})


def pieces(settings: EvaluationSettings, files: list[Series]) -> int:
    """Return how many pieces of work there are."""
    return len(files) * (len(_folded(settings)) + settings.autoets)


def _folded(settings: EvaluationSettings) -> tuple[str, ...]:
    return (*settings.models, *(raw.NAMES if settings.raw else ()))
