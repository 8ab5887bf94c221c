"""How often a run looks how far the models are."""

import pytest

from rivulet_local.run_stream import look_after


@pytest.mark.parametrize(
    ("left", "pace", "seconds"),
    [(256, 1000.0, 0.128), (256, 20.0, 0.3), (10, 100.0, 0.05), (1, 1000.0, 0.03), (0, 100.0, 0.03)],
    ids=["fast", "slow", "near the end", "at the end", "at its very end"],
)
def test_looks_become_more_frequent_towards_the_end(left: int, pace: float, seconds: float) -> None:
    assert look_after(left, pace) == pytest.approx(seconds)
