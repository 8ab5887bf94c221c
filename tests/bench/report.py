"""What is measured and what is said of it; knows nothing of how it is measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

Samples = Mapping[str, Sequence[float]]


@dataclass(frozen=True)
class Target:
    """What a figure should reach, or stay below.

    Attributes
    ----------
    at_least
        Whether larger is better.
    """

    limit: float
    at_least: bool = False

    def met_by(self, value: float) -> bool:
        """Whether a figure meets it."""
        return value >= self.limit if self.at_least else value <= self.limit

    def __str__(self) -> str:
        return f"{'>=' if self.at_least else '<='} {self.limit:g}"


@dataclass(frozen=True)
class Measurement:
    """A figure with what it was made of.

    Attributes
    ----------
    spread
        The smallest and the largest figure of a single round.
    samples
        What each round measured, by what it was measured of.
    floor
        The figure that something reaches which does none of the work, where that is measured beside.
    """

    value: float
    spread: tuple[float, float]
    samples: Samples
    floor: float | None = None


def ratio(ours: Sequence[float], baseline: Sequence[float]) -> Measurement:
    """Compare two things that were measured in turn, one pair a round.

    Returns
    -------
    Measurement
        The median of the rounds' own ratios, and their spread. Not the ratio of two medians: where a machine's clock
        changes between rounds, those may be of different clocks.
    """
    rounds = [mine / other for mine, other in zip(ours, baseline, strict=True)]
    return Measurement(median(rounds), (min(rounds), max(rounds)), {"ours": list(ours), "baseline": list(baseline)})


def ratio_of_sums(ours: Sequence[float], baseline: Sequence[float]) -> Measurement:
    """Compare sums, where something dear happens in one round and not in another, and has to count."""
    found = ratio(ours, baseline)
    return Measurement(sum(ours) / sum(baseline), found.spread, found.samples)


def times_less(ours: Sequence[float], baseline: Sequence[float]) -> Measurement:
    """Say how many times less ours takes than the baseline."""
    found = ratio(baseline, ours)
    return Measurement(found.value, found.spread, {"ours": list(ours), "baseline": list(baseline)})


def worst(parts: Mapping[str, Measurement], target: Target) -> Measurement:
    """Return the part that is furthest from its target; the samples are each part's value and rounds."""
    choose = min if target.at_least else max
    name = choose(parts, key=lambda each: parts[each].value)
    samples: dict[str, Sequence[float]] = {part: [found.value] for part, found in parts.items()}
    for part, found in parts.items():
        samples |= {f"{part} {of}": rounds for of, rounds in found.samples.items()}
    return Measurement(parts[name].value, parts[name].spread, samples)


def document(measured: Mapping[str, Measurement], targets: Mapping[str, Target | None]) -> dict[str, Any]:
    """Return what ``out/bench.json`` holds: of each benchmark value, target, met and samples."""
    rows: dict[str, Any] = {}
    for name, found in measured.items():
        target = targets[name]
        rows[name] = {
            "value": round(found.value, 4),
            "target": target.limit if target else None,
            "met": target.met_by(found.value) if target else None,
            "samples": {of: [round(sample, 6) for sample in rounds] for of, rounds in found.samples.items()},
        }
    return rows
