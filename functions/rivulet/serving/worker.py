"""The worker that gunicorn starts: uvicorn's event loop, before any WSGI application."""

from __future__ import annotations

import gc
import signal

from rivulet import lean_imports

lean_imports.read("uvicorn")  # which brings a command line and what reloads, and with them Click and multiprocessing

from uvicorn_worker import UvicornWorker  # noqa: E402

from rivulet.serving.front import Front  # noqa: E402
from rivulet.serving.protocol import HttpProtocol  # noqa: E402


class Worker(UvicornWorker):  # type: ignore[misc]
    """Serves a WSGI application: what is usual on the event loop, all else on threads."""

    CONFIG_KWARGS = {  # noqa: RUF012 - as the base class has it
        "loop": "uvloop",
        "http": HttpProtocol,
        "ws": "none",
        "lifespan": "off",
        "access_log": False,
        "server_header": False,
        "proxy_headers": False,
        "timeout_graceful_shutdown": 20,
    }

    def load_wsgi(self) -> None:
        """Load the application, and put the front before it."""
        gc.disable()  # next to nothing of what imports make is garbage, and each collection looks at all of it
        try:
            super().load_wsgi()
        finally:
            gc.enable()
        self.wsgi: Front = Front(self.wsgi, self.cfg.threads)

    def init_signals(self) -> None:
        """Let the process end in order: uvicorn repeats the signal once it has stopped, which would end it at once."""
        super().init_signals()
        signal.signal(signal.SIGTERM, lambda number, frame: None)
