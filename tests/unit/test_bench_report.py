"""What the benchmark says of its measurements."""

import json

import pytest

from tests.bench.report import Measurement, Target, document, ratio, ratio_of_sums, times_less, worst


def test_ratio_is_the_median_of_the_rounds_and_its_spread_theirs() -> None:
    found = ratio([2.0, 4.0, 9.0], [1.0, 4.0, 3.0])
    assert found.value == 2.0
    assert found.spread == (1.0, 3.0)
    assert found.samples == {"ours": [2.0, 4.0, 9.0], "baseline": [1.0, 4.0, 3.0]}


def test_a_clock_that_changes_between_rounds_does_not_move_the_figure() -> None:
    slow = [1.0, 1.5, 1.0, 1.5, 1.5]
    assert ratio([1.25 * each for each in slow], slow).value == 1.25


def test_one_slow_round_does_not_move_the_figure() -> None:
    assert ratio([1.0, 1.0, 50.0], [1.0, 1.0, 1.0]).value == 1.0


def test_ratio_of_sums_counts_what_is_dear_in_one_round_only() -> None:
    found = ratio_of_sums([1.0, 1.0, 4.0], [1.0, 1.0, 1.0])
    assert found.value == 2.0
    assert found.spread == (1.0, 4.0)


def test_times_less_is_the_inverse_ratio() -> None:
    found = times_less([1.0, 2.0], [10.0, 40.0])
    assert found.spread == (10.0, 20.0)
    assert found.samples == {"ours": [1.0, 2.0], "baseline": [10.0, 40.0]}


def test_rounds_come_in_pairs() -> None:
    with pytest.raises(ValueError, match="shorter"):
        ratio([1.0, 2.0], [1.0])


@pytest.mark.parametrize(
    ("target", "value", "met"),
    [
        (Target(1.3), 1.3, True),
        (Target(1.3), 1.31, False),
        (Target(1.3, at_least=True), 1.3, True),
        (Target(1.3, at_least=True), 1.29, False),
    ],
)
def test_target_is_met_up_to_its_limit(target: Target, value: float, met: bool) -> None:
    assert target.met_by(value) is met


@pytest.mark.parametrize(("target", "value"), [(Target(1.0), 3.0), (Target(1.0, at_least=True), 0.5)])
def test_worst_is_furthest_from_the_target(target: Target, value: float) -> None:
    parts = {"time": Measurement(0.5, (0.4, 0.6), {"ours": [1]}), "bytes": Measurement(3.0, (2.0, 4.0), {"ours": [2]})}
    found = worst(parts, target)
    assert found.value == value
    assert found.samples == {"time": [0.5], "bytes": [3.0], "time ours": [1], "bytes ours": [2]}


def test_document_has_the_agreed_shape() -> None:
    measured = {"idle": ratio([1.0], [4.0]), "memory_knn": ratio([2.0], [1.0])}
    made = document(measured, {"idle": Target(0.25), "memory_knn": None})
    assert json.loads(json.dumps(made)) == {
        "idle": {"value": 0.25, "target": 0.25, "met": True, "samples": {"ours": [1.0], "baseline": [4.0]}},
        "memory_knn": {"value": 2.0, "target": None, "met": None, "samples": {"ours": [2.0], "baseline": [1.0]}},
    }
