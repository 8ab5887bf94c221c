"""A benchmark: a name, a sentence, a target and the function that measures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.bench.report import Measurement, Target
from tests.bench.stage import Stage

MODELS = {
    "linear": "linear_regression",
    "bagging": "bagging_regressor",
    "knn": "knn_regressor",
    "amf": "amf_regressor",
}


@dataclass(frozen=True)
class Benchmark:
    """One row of the table.

    Attributes
    ----------
    target
        ``None`` where the figure is only printed.
    """

    name: str
    what: str
    target: Target | None
    measure: Callable[[Stage], Measurement]
