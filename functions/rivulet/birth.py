"""When this process was born, and how large it is: what the system knows of it."""

from __future__ import annotations

import os
import time
from pathlib import Path

_IMPORTED = time.monotonic()


def age() -> float:
    """Return for how many seconds the function's server has lived.

    gunicorn forks its worker after a while; the pod's life begins with gunicorn itself, so its parent's counts. Where
    there is no ``/proc``, it is counted from when this module was imported.
    """
    parent = _age_of(os.getppid()) if _is_server(os.getppid()) else None
    own = parent if parent is not None else _age_of(os.getpid())
    return own if own is not None else time.monotonic() - _IMPORTED


def resident_bytes() -> int:
    """Return the memory that this process holds; 0 where that cannot be known."""
    try:
        return int(Path("/proc/self/statm").read_text("ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError):
        return 0


def _is_server(pid: int) -> bool:
    try:
        return b"gunicorn" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False


def _age_of(pid: int) -> float | None:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace").rpartition(")")[2].split()
        started = int(fields[19]) / os.sysconf("SC_CLK_TCK")
        return time.clock_gettime(time.CLOCK_BOOTTIME) - started
    except (OSError, ValueError, IndexError, AttributeError):
        return None
