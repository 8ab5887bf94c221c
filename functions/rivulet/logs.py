"""One JSON line a log record, on standard error; and what is remarked on an event while it is handled."""

from __future__ import annotations

import json
import logging
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

log = logging.getLogger("rivulet")

_remarks: ContextVar[dict[str, Any] | None] = ContextVar("remarks", default=None)


class _JsonLines(logging.Formatter):
    def __init__(self, service: str, revision: str) -> None:
        super().__init__()
        self._origin = {"service": service, "revision": revision}

    def format(self, record: logging.LogRecord) -> str:
        moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        line = {"time": f"{moment}.{int(record.msecs):03d}Z", "level": record.levelname, **self._origin}
        line["message"] = record.getMessage()
        line |= getattr(record, "fields", {})
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)


def configure(service: str, level: str, revision: str = "") -> None:
    """Send the library's log records to standard error, from `level` up."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_JsonLines(service, revision))
    log.handlers[:] = [handler]
    log.setLevel(level)
    log.propagate = False


@contextmanager
def event_line() -> Iterator[dict[str, Any]]:
    """Gather, for the one line about an event, what those who handle it remark."""
    line: dict[str, Any] = {}
    token = _remarks.set(line)
    try:
        yield line
    finally:
        _remarks.reset(token)


def remark(**fields: Any) -> None:
    """Add fields to the line of the event that is being handled, if one is."""
    line = _remarks.get()
    if line is not None:
        line |= fields
