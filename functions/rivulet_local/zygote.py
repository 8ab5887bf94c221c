"""A Python that has imported what functions import, and becomes one of them each time that it is asked to.

``python zygote.py <descriptor> <module> ...`` imports the modules, says so on the socket, and then forks for each line
that comes, a `Job` as JSON. The fork runs a module as ``python -m`` would, in the folder, the environment and with the
log that the line says. It knows nothing of the platform, and imports nothing of it.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import runpy
import signal
import socket
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple


class Job(NamedTuple):
    """What a fork becomes.

    Attributes
    ----------
    name
        What the system calls it: otherwise all forks look alike.
    log
        The file that its output is appended to.
    """

    name: str
    module: str
    arguments: list[str]
    folder: str
    environment: dict[str, str]
    log: str


def main() -> None:
    """Import, then fork until the socket is closed."""
    descriptor, *modules = sys.argv[1:]
    sys.path[0] = os.getcwd()  # as if started by `python -m`
    with socket.socket(fileno=int(descriptor)) as platform:
        for module in modules:
            _imported(module)
        gc.collect()
        gc.freeze()  # no fork has to look at it again, nor to copy it for that
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the system buries them; the platform watches them itself
        platform.sendall(b"\n")
        job = _next_fork(platform)
    if job:
        _become(job)


def _imported(module: str) -> None:
    try:
        importlib.import_module(module)
    except Exception as error:  # noqa: BLE001 - a function that needs it fails by itself, and is told of
        print(f"{module} is not imported in advance: {error}", file=sys.stderr, flush=True)


def _next_fork(platform: socket.socket) -> Job | None:
    """Return in each fork what it is to become, and in the process itself at its end."""
    with platform.makefile("rb") as lines:
        for line in lines:
            pid = os.fork()
            if not pid:
                return Job(**json.loads(line))
            platform.sendall(b"%d\n" % pid)
    return None


def _become(job: Job) -> None:
    os.setsid()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    log = os.open(job.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.close(log)
    with suppress(OSError):
        Path("/proc/self/comm").write_text(job.name[:15], "utf-8")
    os.environ.clear()  # noqa: TID251 - this is where a process gets its own
    os.environ.update(job.environment)  # noqa: TID251
    time.tzset()
    os.chdir(job.folder)
    sys.path[0] = os.getcwd()
    sys.argv[1:] = job.arguments
    runpy.run_module(job.module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
