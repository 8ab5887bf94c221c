"""Running platforms for the tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.platform.running import Site


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A platform that the tests share; they tell their events apart by id."""
    shared = Site(tmp_path_factory.mktemp("site"))
    yield shared
    assert shared.stop() == 0


@pytest.fixture
def own_site(tmp_path: Path) -> Iterator[Site]:
    """A platform that a test may kill."""
    own = Site(tmp_path)
    yield own
    if own.process.poll() is None:
        assert own.stop() == 0
