"""The baseline *least*: what any durable prediction takes. No function could do with less work.

A request is found in the bytes by hand, the model predicts, the body is appended to a stream in Redis over one
connection that all requests share, the model learns meanwhile, and the answer goes out when Redis has answered. Nothing
is checked, no lesson has a number, no measure is kept, and a second process or a restart would spoil all of it.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections import deque
from typing import Any, cast
from urllib.parse import urlsplit

import hiredis
import msgspec
import uvloop

from rivulet.models import definition

_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"


class _Lesson(msgspec.Struct):
    features: dict[str, float]
    target: float


class _Redis(asyncio.Protocol):
    def __init__(self) -> None:
        self._reader = hiredis.Reader()
        self._waiting: deque[tuple[asyncio.WriteTransport, bytes]] = deque()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.WriteTransport, transport)

    def append(self, lesson: bytes, answer_to: asyncio.WriteTransport, answer: bytes) -> None:
        self._waiting.append((answer_to, answer))
        command: tuple[Any, ...] = ("XADD", "least", "*", "lesson", lesson)
        self._transport.write(hiredis.pack_command(command))

    def data_received(self, data: bytes) -> None:
        self._reader.feed(data)
        while self._reader.gets() is not False:
            transport, answer = self._waiting.popleft()
            transport.write(answer)


class _Requests(asyncio.Protocol):
    _model = definition(os.environ["MODEL_NAME"]).build()
    _decode = msgspec.json.Decoder(_Lesson).decode

    def __init__(self, redis: _Redis) -> None:
        self._redis = redis

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.WriteTransport, transport)

    def data_received(self, data: bytes) -> None:
        body = data[data.index(b"\r\n\r\n") + 4 :]  # the client sends a request at once, and it is short
        lesson = self._decode(body)
        prediction = float(self._model.predict_one(lesson.features) or 0.0)
        answer = b'{"prediction":%a}' % prediction
        self._redis.append(body, self._transport, _HEAD % len(answer) + answer)
        self._model.learn_one(lesson.features, lesson.target)


async def _serve(port: int) -> None:
    loop, where = asyncio.get_running_loop(), urlsplit(os.environ["REDIS_URL"])
    _, redis = await loop.create_connection(_Redis, where.hostname or "", where.port or 6379)
    server = await loop.create_server(lambda: _Requests(redis), "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(_serve(int(sys.argv[1])))
