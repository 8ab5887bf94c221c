"""The connections that deliveries go over, against a server that says what a test wants, byte by byte."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from rivulet.straight import in_task
from rivulet_local.answer_reader import Answer
from rivulet_local.ports import free_port
from rivulet_local.wire import NothingSent, Wire

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nce-id: 1\r\n\r\nhi"


class Server:
    """Answers each request with the next of its parts, a pause between two of them."""

    def __init__(self, *answers: list[bytes], pause: float = 0.0, then_close: bool = False) -> None:
        self.requests: list[bytes] = []
        self.connections = 0
        self._answers = list(answers)
        self._pause = pause
        self._then_close = then_close

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        while request := await self._request(reader):
            self.requests.append(request)
            for part in self._answers.pop(0):
                writer.write(part)
                await asyncio.sleep(self._pause)
            if self._then_close:
                break
        writer.close()

    async def _request(self, reader: asyncio.StreamReader) -> bytes:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
        except (asyncio.IncompleteReadError, ConnectionError):
            return b""
        size = int(head.partition(b"Content-Length: ")[2].partition(b"\r\n")[0])
        return head + await reader.readexactly(size)


def talk(server: Server, asked: Callable[[Wire], Awaitable[None]]) -> None:
    async def run() -> None:
        port = free_port()
        async with asyncio.timeout(10), await asyncio.start_server(server.serve, "127.0.0.1", port):
            wire = Wire(port)
            try:
                await asked(wire)
            finally:
                wire.close()

    asyncio.run(run())


async def post(wire: Wire, timeout: float = 5.0) -> Answer:
    message = b"ce-id: 1\r\nContent-Type: text/plain\r\nContent-Length: 4\r\n\r\nbody"
    return await in_task(wire.post("/path", message, timeout))


def test_a_connection_is_kept_for_the_next_request() -> None:
    server = Server([OK], [b"HTTP/1.1 204 No Content\r\n\r\n"], [OK])

    async def asked(wire: Wire) -> None:
        first = await post(wire)
        assert (first.status, first.headers["ce-id"], first.body) == (200, "1", b"hi")
        assert (await post(wire)).status == 204
        assert (await post(wire)).body == b"hi"

    talk(server, asked)
    assert server.connections == 1
    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /path HTTP/1.1\r\nHost: 127.0.0.1:")
    assert b"\r\nce-id: 1\r\nContent-Type: text/plain\r\n" in head
    assert body == b"body"


def test_requests_at_once_have_a_connection_each() -> None:
    server = Server([OK], [OK], [OK], pause=0.1)

    async def asked(wire: Wire) -> None:
        answers = await asyncio.gather(*(post(wire) for _ in range(3)))
        assert [each.body for each in answers] == [b"hi"] * 3

    talk(server, asked)
    assert server.connections == 3


@pytest.mark.parametrize(
    "parts",
    [
        [bytes([each]) for each in OK],
        [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nh\r\n", b"1\r\ni\r\n0\r\n\r\n"],
        [b"HTTP/1.1 100 Continue\r\n\r\n", OK],
        [b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nh", b"i"],
        [b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nhi"],
        [b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nhi"],
        [b"HTTP/1.1 200 OK\r\nContent-Length:2\r\nce-id:1 \r\n\r\nhi"],
        [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n"],
    ],
    ids=[
        "byte by byte",
        "chunked",
        "after 100",
        "until the end",
        "not kept",
        "no length",
        "no space",
        "chunks at once",
    ],
)
def test_answers_come_in_many_forms(parts: list[bytes]) -> None:
    server = Server(parts, [OK], then_close=b"close" in parts[0])

    async def asked(wire: Wire) -> None:
        assert [(await post(wire)).body for _ in range(2)] == [b"hi"] * 2

    talk(server, asked)


@pytest.mark.parametrize(
    "part", [b"", OK[:20], OK[:-1], b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi"]
)
def test_half_an_answer_is_none(part: bytes) -> None:
    async def asked(wire: Wire) -> None:
        with pytest.raises(ConnectionError) as caught:
            await post(wire)
        assert not isinstance(caught.value, NothingSent)

    talk(Server([part], then_close=True), asked)


def test_what_is_no_http_is_a_broken_connection() -> None:
    async def asked(wire: Wire) -> None:
        with pytest.raises(ConnectionError, match="no HTTP"):
            await post(wire)

    talk(Server([b"220 ready\r\n"]), asked)


def test_silence_is_a_timeout_and_a_late_answer_is_nobody_else_s() -> None:
    server = Server([b"", OK.replace(b"hi", b"NO")], [OK], pause=0.3)

    async def asked(wire: Wire) -> None:
        with pytest.raises(TimeoutError):
            await post(wire, 0.1)
        assert (await post(wire)).body == b"hi"

    talk(server, asked)
    assert server.connections == 2


def test_who_speaks_slowly_is_not_silent() -> None:
    async def asked(wire: Wire) -> None:
        assert (await post(wire, 0.25)).body == b"hi"

    talk(Server([OK[:10], OK[10:20], OK[20:40], OK[40:]], pause=0.1), asked)


@pytest.mark.parametrize("more", [OK.replace(b"hi", b"NO"), b"HTTP/1.1 200 "], ids=["an answer", "half of one"])
@pytest.mark.parametrize("parts", [lambda more: [OK + more], lambda more: [OK[:9], OK[9:] + more]], ids=["one", "two"])
def test_more_than_was_asked_for_ends_the_connection(parts: Callable[[bytes], list[bytes]], more: bytes) -> None:
    server = Server(parts(more), [OK])

    async def asked(wire: Wire) -> None:
        assert [(await post(wire)).body for _ in range(2)] == [b"hi"] * 2

    talk(server, asked)
    assert server.connections == 2


def test_where_nobody_listens_nothing_is_sent() -> None:
    async def refused() -> None:
        wire = Wire(free_port())
        with pytest.raises(NothingSent):
            await post(wire)
        wire.close()
        with pytest.raises(NothingSent, match="ended"):
            await post(wire)

    asyncio.run(refused())
