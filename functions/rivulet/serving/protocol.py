"""HTTP, where what is usual is answered without a task and without messages.

A request that comes whole, and with a head as clients write it, is read here. All others are uvicorn's to read; it
keeps their order, and answers what is not as usual.
"""

from __future__ import annotations

import asyncio
import functools
import re
from collections.abc import Callable, Coroutine, Iterable, Mapping
from typing import Any, NamedTuple, cast

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from rivulet.answer import Answer
from rivulet.errors import Detour
from rivulet.heads import UNUSUAL, plain
from rivulet.serving.front import MOST_BYTES, Front
from rivulet.straight import Straight

_LONGEST_HEAD = 2048
_LENGTH = re.compile(r"[0-9]{1,6}")


class _Usual(NamedTuple):
    """What is in a usual head, but for its path."""

    headers: Mapping[str, str]
    length: int


def _usual(headers: Mapping[str, str]) -> _Usual | None:
    length = headers.get("content-length", "")
    if not _LENGTH.fullmatch(length) or int(length) > MOST_BYTES or not UNUSUAL.isdisjoint(headers):
        return None
    return _Usual(headers, int(length))


def _read(fields: bytes) -> _Usual | None:
    headers = plain(fields)
    return _usual(headers) if headers is not None else None


# On a kept-alive connection of a client most heads are the same; those of events never are.
_read_again = functools.lru_cache(256)(_read)


class _Direct:
    """A request that uvicorn has not read, as far as it looks at the one that is under way."""

    message_event = asyncio.Event()  # nobody waits for it
    response_complete = False
    disconnected = False
    keep_alive = True


_UnderWay = RequestResponseCycle | _Direct


class HttpProtocol(HttpToolsProtocol):
    """One connection."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._express: Any = cast(Front, self.config.app).express
        paths = self._express.paths if self._express else ()
        self._paths = {f"POST {path} HTTP/1.1".encode(): path for path in paths}
        self._between = True  # whether all that was read is whole requests
        self._held: RequestResponseCycle | None = None
        self._declined = False
        self._later: bytes | None = None  # what comes while a request is under way that uvicorn has not read

    def data_received(self, data: bytes) -> None:
        """Take in what was sent."""
        if self._later is not None:
            self._later += data
            self.flow.pause_reading()
            return
        busy = self.cycle is not None and not self.cycle.response_complete
        usual = None if busy or not self._between or self.flow.write_paused else self._whole(data)
        if usual:
            self._answer_directly(*usual, data)
        else:
            super().data_received(data)

    def on_message_begin(self) -> None:
        """Note that a request has begun."""
        self._between = False
        super().on_message_begin()

    def on_message_complete(self) -> None:
        """Begin with a request that was held."""
        self._between = True
        super().on_message_complete()
        held, self._held = self._held, None
        if held:
            self._begin(held)

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        """Begin with a request whose head was read: hold it until its body was, if it is as usual."""
        if self._declined or self.flow.write_paused or not self._is_usual(cycle):
            super()._start_asgi_task(cycle, app)
        elif cycle.more_body:
            self._held = cycle
        else:
            self._begin(cycle)

    def _is_usual(self, cycle: RequestResponseCycle) -> bool:
        scope = cycle.scope
        if scope["method"] != "POST" or scope["query_string"] or scope["path"] not in self._paths.values():
            return False
        return _usual(_text(scope["headers"])) is not None

    def _whole(self, data: bytes) -> tuple[str, _Usual] | None:
        """Return path and head of what is one whole request, nothing else, and leaves no doubt how it is to be read."""
        line, _, rest = data.partition(b"\r\n")
        path, end = self._paths.get(line), rest.find(b"\r\n\r\n")
        read = _read if path == "/" else _read_again
        head = read(rest[: end + 2]) if path and 0 < end <= _LONGEST_HEAD else None
        return (path, head) if path and head and head.length == len(rest) - end - 4 else None

    def _begin(self, cycle: RequestResponseCycle) -> None:
        path, headers = cycle.scope["path"], _text(cycle.scope["headers"])
        coroutine = self._express(path, headers, bytes(cycle.body))
        self._run(cycle, coroutine, lambda: HttpToolsProtocol._start_asgi_task(self, cycle, self.app))

    def _answer_directly(self, path: str, head: _Usual, data: bytes) -> None:
        direct = _Direct()

        def decline() -> None:
            self.cycle, self._declined = None, True  # type: ignore[assignment]
            HttpToolsProtocol.data_received(self, data)
            self._declined = False
            if not direct.keep_alive:  # told so meanwhile
                self.shutdown()

        self._unset_keepalive_if_required()
        self.cycle, self._later = direct, b""  # type: ignore[assignment]
        self._run(direct, self._express(path, head.headers, data[len(data) - head.length :]), decline)

    def _run(self, under_way: _UnderWay, coroutine: Coroutine[Any, None, Answer], decline: Callable[[], None]) -> None:
        def ended(answer: Answer | None, error: BaseException | None) -> None:
            self.tasks.discard(run)
            later, self._later = self._later, None
            if under_way.disconnected:
                return
            under_way.response_complete = not isinstance(error, Detour)
            if answer:
                self._send(answer, under_way.keep_alive)
            elif isinstance(error, Detour):
                decline()
            else:
                self.logger.error("the express way ended", exc_info=error)
                self.transport.close()
            if later and not self.transport.is_closing():
                self.data_received(later)

        run = Straight(coroutine, ended)
        self.tasks.add(run)  # type: ignore[arg-type]
        run.go_on()

    def _send(self, answer: Answer, keep_alive: bool) -> None:
        parts = [STATUS_LINE[answer.status]]
        for name, value in self.server_state.default_headers:
            parts += name, b": ", value, b"\r\n"
        parts += answer.head(), b"\r\n" if keep_alive else b"connection: close\r\n\r\n", answer.body
        self.transport.write(b"".join(parts))
        if not keep_alive:
            self.transport.close()
        self.on_response_complete()


def _text(headers: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    return {name.decode("latin-1"): value.decode("latin-1") for name, value in headers}
