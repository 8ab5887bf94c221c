"""One JSON line a log record, on standard error; and what is remarked on an event while it is handled."""

from __future__ import annotations

import functools
import json
import logging
import sys
import time
from collections.abc import Mapping
from contextlib import AbstractContextManager
from contextvars import ContextVar
from typing import Any

import msgspec

log = logging.getLogger("rivulet")
_encode = msgspec.json.Encoder(enc_hook=str).encode

_remarks: ContextVar[dict[str, Any] | None] = ContextVar("remarks", default=None)


class _JsonLines(logging.Formatter):
    def __init__(self, service: str, revision: str) -> None:
        super().__init__()
        self._origin = {"service": service, "revision": revision}

    def format(self, record: logging.LogRecord) -> str:
        fields = getattr(record, "fields", {})
        if record.exc_info:
            fields = {**fields, "traceback": self.formatException(record.exc_info)}
        return self.line(record.created, record.levelname, record.getMessage(), fields)

    def line(self, created: float, level: str, message: str, fields: Mapping[str, Any]) -> str:
        moment = f"{_second(int(created))}.{int(created % 1 * 1000):03d}Z"
        line = {"time": moment, "level": level, **self._origin, "message": message, **fields}
        try:
            return _encode(line).decode()
        except (ValueError, OverflowError, RecursionError):  # half a character, or a number beyond 64 bits
            return json.dumps(line, default=str)


@functools.lru_cache(2)
def _second(moment: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(moment))


def configure(service: str, level: str, revision: str = "") -> None:
    """Send the library's log records to standard error, from `level` up."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_JsonLines(service, revision))
    log.handlers[:] = [handler]
    log.setLevel(level)
    log.propagate = False


def tell(level: int, message: str, fields: Mapping[str, Any]) -> None:
    """Write the same line as ``log.log(level, message, extra={"fields": fields})``, without a record made for it.

    A record takes as long as all else that is told of an event.
    """
    if not log.isEnabledFor(level):
        return
    for handler in log.handlers:
        if isinstance(handler, logging.StreamHandler) and isinstance(handler.formatter, _JsonLines):
            line = handler.formatter.line(time.time(), logging.getLevelName(level), message, fields)
            handler.acquire()
            try:
                handler.stream.write(line + "\n")
                handler.flush()
            except (OSError, ValueError):
                pass  # a log that nobody takes, or that is closed, is no reason to fail
            finally:
                handler.release()


class _EventLine:
    __slots__ = ("_token",)

    def __enter__(self) -> dict[str, Any]:
        line: dict[str, Any] = {}
        self._token = _remarks.set(line)
        return line

    def __exit__(self, *_: object) -> None:
        _remarks.reset(self._token)


def event_line() -> AbstractContextManager[dict[str, Any]]:
    """Gather, for the one line about an event, what those who handle it remark."""
    return _EventLine()


def remark(**fields: Any) -> None:
    """Add fields to the line of the event that is being handled, if one is."""
    line = _remarks.get()
    if line is not None:
        line |= fields
