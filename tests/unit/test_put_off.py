"""NumPy and SciPy that are put off are what they are otherwise, only later, and only if somebody looks."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

FUNCTIONS = Path(__file__).parents[2] / "functions"
BEGIN = """
import sys
from rivulet import put_off
put_off.install()
put_off.install()
import numpy as np, scipy, scipy.special, numpy.typing as npt
from scipy import special
there = lambda name: f"{name}._core" in sys.modules or f"{name}._lib" in sys.modules
assert not there("numpy") and not there("scipy")
"""


def run(text: str) -> None:
    """Let a new Python run it after the installation; it has to end well."""
    environment = {**os.environ, "PYTHONPATH": str(FUNCTIONS)}
    done = subprocess.run([sys.executable, "-c", BEGIN + text], capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    "look",
    [
        "assert np.zeros(3).tolist() == [0.0, 0.0, 0.0]",
        "assert round(float(special.expit(0.0)), 3) == 0.5",
        "assert round(float(scipy.special.expit(0.0)), 3) == 0.5",
        "from scipy import sparse; assert sparse.eye(2).sum() == 2",
        "import scipy.stats; assert scipy.stats.norm.cdf(0.0) == 0.5",
        "import scipy.special._ufuncs as u; assert special.expit is u.expit",
        "assert npt.NDArray; import numpy; assert numpy.typing.NDArray is npt.NDArray",
        "import numpy.linalg as la; assert la is np.linalg and la.norm([3.0, 4.0]) == 5",
        "from numpy.random import default_rng; assert default_rng(1).random() < 1",
        "import numpy; assert numpy.float64(1) == np.float64(1) and numpy.ndarray is np.ndarray",
    ],
)
def test_whoever_looks_finds_the_real_one(look: str) -> None:
    run(look + "\nassert there('numpy')")


def test_what_it_does_not_have_is_said_as_ever() -> None:
    run(
        "try: np.no_such_thing\n"
        "except AttributeError as error: assert 'no_such_thing' in str(error)\n"
        "else: raise SystemExit(1)"
    )


def test_nothing_is_an_array_before_there_is_numpy() -> None:
    run(
        "Array = np.ndarray\n"
        "assert not isinstance(1.0, Array) and not issubclass(float, Array) and not there('numpy')\n"
        "import array, numpy.random\n"
        "found = numpy.array([1.0])\n"
        "assert isinstance(found, Array) and issubclass(type(found), Array) and not isinstance([1.0], Array)\n"
        "assert np.ndarray is type(found) and isinstance(Array(2), np.ndarray)"
    )


def test_threads_that_look_at_once_all_find_it() -> None:
    run(
        "import threading\n"
        "from concurrent.futures import ThreadPoolExecutor\n"
        "begin = threading.Barrier(8)\n"
        "def look(which):\n"
        "    begin.wait()\n"
        "    return np.arange(3).sum() if which % 2 else __import__('numpy').add(1, 2)\n"
        "with ThreadPoolExecutor(8) as threads:\n"
        "    assert list(threads.map(look, range(8))) == [3] * 8"
    )


def test_it_is_as_fast_as_ever_afterwards() -> None:
    """The module that was imported early has all that the real one has; none of it is looked for again."""
    run(
        "found = type(np.zeros(1))\n"
        "assert vars(np)['zeros'] is sys.modules['numpy'].zeros\n"
        "assert vars(np)['ndarray'] is found"
    )
