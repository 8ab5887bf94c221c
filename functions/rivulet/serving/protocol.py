"""HTTP, where what is usual is answered without a task, without messages, and without reading a known head again.

uvicorn reads requests, keeps their order on a connection, and answers all that is not as usual. A head that it has read
before, to the last byte, as most are on a kept-alive connection, is not read again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, cast

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from rivulet.answer import Answer
from rivulet.errors import Detour
from rivulet.serving.front import MOST_BYTES, Front
from rivulet.straight import Straight

_END = b"\r\n\r\n"
_MOST_HEADS = 256
_LONGEST_HEAD = 1024
_UNUSUAL = frozenset((b"expect", b"transfer-encoding", b"upgrade"))


class _Head(NamedTuple):
    """What is in a usual head."""

    path: str
    headers: Mapping[bytes, bytes]
    length: int


class _Direct:
    """A request that uvicorn has not read, as far as it looks at the one that is under way."""

    message_event = asyncio.Event()  # nobody waits for it
    response_complete = False
    disconnected = False
    keep_alive = True


_UnderWay = RequestResponseCycle | _Direct


class HttpProtocol(HttpToolsProtocol):
    """One connection."""

    _known: dict[bytes, _Head] = {}  # noqa: RUF012 - of all connections

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._express: Any = cast(Front, self.config.app).express
        self._between = True  # whether all that was read is whole requests
        self._held: tuple[RequestResponseCycle, _Head] | None = None
        self._usual: list[_Head] = []  # of what uvicorn has read last
        self._declined = False
        self._later: bytes | None = None  # what comes while a request is under way that uvicorn has not read

    def data_received(self, data: bytes) -> None:
        """Take in what was sent."""
        if self._later is not None:
            self._later += data
            self.flow.pause_reading()
            return
        if not self._between or (self.cycle and not self.cycle.response_complete) or self.flow.write_paused:
            super().data_received(data)
            return
        head, _, body = data.partition(_END)
        known = self._known.get(head)
        if known and len(body) == known.length:
            self._answer_directly(known, data, body)
        else:
            self._usual.clear()
            super().data_received(data)
            self._remember(head, len(body))

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
            self._begin(*held)

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        """Begin with a request whose head was read: hold it until its body was, if it is as usual."""
        head = None if self._declined else self._usual_head(cycle)
        if head and cycle.keep_alive:
            self._usual.append(head)
        if not head:
            super()._start_asgi_task(cycle, app)
        elif cycle.more_body:
            self._held = cycle, head
        else:
            self._begin(cycle, head)

    def _usual_head(self, cycle: RequestResponseCycle) -> _Head | None:
        scope = cycle.scope
        if not self._express or scope["method"] != "POST" or scope["query_string"] or self.flow.write_paused:
            return None
        headers = dict(scope["headers"])
        length = headers.get(b"content-length", b"")
        if scope["path"] not in self._express.paths or not length.isdigit() or _UNUSUAL.intersection(headers):
            return None
        return _Head(scope["path"], headers, int(length)) if int(length) <= MOST_BYTES else None

    def _remember(self, head: bytes, length: int) -> None:
        """Remember a head that may come again, if it was all that was read, with a body of its length."""
        if len(self._usual) != 1 or self._usual[0].length != length or len(head) > _LONGEST_HEAD:
            return
        if b"ce-id" in self._usual[0].headers:
            return
        if len(self._known) >= _MOST_HEADS:
            self._known.clear()
        self._known[head] = self._usual[0]

    def _begin(self, cycle: RequestResponseCycle, head: _Head) -> None:
        self._run(cycle, head, bytes(cycle.body), lambda: HttpToolsProtocol._start_asgi_task(self, cycle, self.app))

    def _answer_directly(self, head: _Head, data: bytes, body: bytes) -> None:
        direct = _Direct()

        def decline() -> None:
            self.cycle, self._declined = None, True  # type: ignore[assignment]
            HttpToolsProtocol.data_received(self, data)
            self._declined, self.cycle.keep_alive = False, direct.keep_alive

        self._unset_keepalive_if_required()
        self.cycle, self._later = direct, b""  # type: ignore[assignment]
        self._run(direct, head, body, decline)

    def _run(self, under_way: _UnderWay, head: _Head, body: bytes, decline: Callable[[], None]) -> None:
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
                self.transport.close()
            if later and not self.transport.is_closing():
                self.data_received(later)

        run = Straight(self._express(head.path, head.headers, body), ended)
        self.tasks.add(run)  # type: ignore[arg-type]
        run.go_on()

    def _send(self, answer: Answer, keep_alive: bool) -> None:
        parts = [STATUS_LINE[answer.status]]
        for name, value in (*self.server_state.default_headers, *answer.headers):
            parts += name, b": ", value, b"\r\n"
        if answer.status != 204:  # which has no body, and says nothing of its length
            parts.append(b"content-length: %d\r\n" % len(answer.body))
        parts += b"\r\n" if keep_alive else b"connection: close\r\n\r\n", answer.body
        self.transport.write(b"".join(parts))
        if not keep_alive:
            self.transport.close()
        self.on_response_complete()
