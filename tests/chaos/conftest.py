"""One platform a test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chaos.stream import PlatformProcess


@pytest.fixture
def platform(tmp_path: Path) -> Iterator[PlatformProcess]:
    """Return a platform that is not started yet; it is stopped in the end."""
    platform = PlatformProcess(tmp_path / "data")
    yield platform
    platform.stop()
