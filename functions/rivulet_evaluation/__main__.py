"""``python -m rivulet_evaluation``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from rivulet_evaluation import report
from rivulet_evaluation.evaluate import EvaluationError, evaluate, load, pieces
from rivulet_evaluation.settings import EvaluationSettings, SettingError

OUT = Path("out/evaluation.json")
_SETTINGS = """\
settings, from the environment:
  DIR      a folder of CSV files, each with a column target or value (the series that ship)
  SEASON   length of the season of every file (found for each)
  MODELS   names, or all: what is evaluated, and what the champion combines
           (all are evaluated, the champion combines those that the cluster runs)
  AUTOETS  off leaves out the reference, which takes longest (on)
  RAW      on runs the learners on raw lags, too: what the anchors are held against (off)
  N_LAGS   how many lags a model is given (15, as deployed)
"""


def main() -> int:
    """Evaluate, print the tables and write ``out/evaluation.json``; return the exit code."""
    argparse.ArgumentParser(
        prog="task evaluate",
        description="Run every model over each CSV of a folder, one step ahead, as the platform would.",
        epilog=_SETTINGS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    ).parse_args()
    try:
        settings = EvaluationSettings.from_environment()
        files = load(settings)
    except (SettingError, EvaluationError) as error:
        print(error, file=sys.stderr)
        return 2
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("series x models", total=pieces(settings, files))
        scores = evaluate(settings, files, lambda name: bar.update(task, advance=1, description=name))
    report.write(OUT, scores)
    console = Console()
    for one in files:
        console.print(report.file_table(one.name, one.season, scores[one.name]))
    if len(files) > 1:
        console.print(report.summary(scores))
    console.print(f"One step ahead, the first 36 observations left out. Written to {OUT}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
