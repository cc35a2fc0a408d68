"""Bodies larger than anybody's memory should have to hold, and the two sides at different speeds."""

import asyncio
import time

import psutil

from .conftest import Door, OpenGateway, OpenUpstream, Play, is_problem, read_head

MIB = 1024 * 1024
LARGE = 64 * MIB
PIECE = bytes(range(256)) * 1024  # 256 KiB


def resident() -> int:
    return int(psutil.Process().memory_info().rss)


class Highest:
    """The most memory this process held while the block ran; the gateway and the services run in it too."""

    async def __aenter__(self) -> "Highest":
        self.start = self.most = resident()
        self._task = asyncio.create_task(self._watch())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()

    async def _watch(self) -> None:
        while True:
            self.most = max(self.most, resident())
            await asyncio.sleep(0.02)

    @property
    def grown(self) -> int:
        return self.most - self.start


async def test_a_large_answer_streams_through_a_small_memory(play: Play) -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_head(reader)
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % LARGE)
        for _ in range(LARGE // len(PIECE)):
            writer.write(PIECE)
            await writer.drain()

    door = play(script)
    length = 0
    async with (
        Highest() as memory,
        door.client() as client,
        client.stream("GET", "/api/v1/resources/1/download") as answer,
    ):
        async for piece in answer.aiter_raw():
            assert piece[0] == length % 256
            length += len(piece)
    assert length == LARGE
    assert memory.grown < 24 * MIB


async def test_a_large_upload_streams_through_a_small_memory(door: Door) -> None:
    async def pieces() -> object:
        for _ in range(LARGE // len(PIECE)):
            yield PIECE

    for headers in ({"content-length": str(LARGE)}, {}):
        async with Highest() as memory, door.client() as client:
            answer = await client.put("/api/v1/resources/1/file", content=pieces(), headers=headers)  # type: ignore[arg-type]
        assert answer.json()["length"] == LARGE
        assert memory.grown < 24 * MIB


async def test_a_client_that_does_not_read_slows_the_service_down(play: Play) -> None:
    written = 0

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal written
        await read_head(reader)
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % LARGE)
        for _ in range(LARGE // len(PIECE)):
            writer.write(PIECE)
            await writer.drain()
            written += len(PIECE)

    door = play(script)
    _reader, writer = await asyncio.open_connection("127.0.0.1", door.port, limit=1024)
    writer.write(b"GET /api/v1/resources/1/download HTTP/1.1\r\nhost: x\r\n\r\n")
    await asyncio.sleep(0.5)
    held = written
    await asyncio.sleep(0.3)
    assert written == held < LARGE // 2
    writer.close()


async def test_a_service_that_does_not_read_slows_the_client_down(play: Play) -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        reader._transport.pause_reading()  # type: ignore[attr-defined]
        await asyncio.sleep(2)

    door = play(script)
    _reader, writer = await asyncio.open_connection("127.0.0.1", door.port)
    writer.write(b"PUT /api/v1/resources/1/file HTTP/1.1\r\nhost: x\r\ncontent-length: %d\r\n\r\n" % LARGE)
    sent = 0
    with_deadline = time.monotonic() + 1
    try:
        while time.monotonic() < with_deadline:
            writer.write(PIECE)
            async with asyncio.timeout(0.3):
                await writer.drain()
            sent += len(PIECE)
    except TimeoutError:
        pass
    assert sent < LARGE // 2
    writer.transport.abort()


async def test_an_upload_that_is_answered_early_gets_its_answer(play: Play) -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_head(reader)
        await reader.readexactly(100_000)
        writer.write(b"HTTP/1.1 422 Unprocessable Content\r\ncontent-length: 3\r\n\r\nbad")
        await writer.drain()
        await asyncio.sleep(0.2)

    door = play(script)
    reader, writer = await asyncio.open_connection("127.0.0.1", door.port)
    writer.write(
        b"PUT /api/v1/resources/1/file HTTP/1.1\r\nhost: x\r\ncontent-length: 1000000\r\n\r\n"
        + b"x" * 200_000
    )
    async with asyncio.timeout(10):
        head = await read_head(reader)
        assert head.startswith(b"HTTP/1.1 422 ")
        assert await reader.readexactly(3) == b"bad"
        # Who sends the rest all the same may go on with the connection.
        writer.write(b"x" * 800_000 + b"GET /api/v1/courses/0 HTTP/1.1\r\nhost: x\r\n\r\n")
        play(_ok)
        assert (await read_head(reader)).startswith(b"HTTP/1.1 200 ")
    writer.close()


async def _ok(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await read_head(reader)
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
    await writer.drain()


async def test_a_client_that_leaves_during_its_upload_takes_it_along(play: Play) -> None:
    gone = asyncio.Event()

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_head(reader)
        await reader.read(-1)
        gone.set()

    door = play(script)
    _, writer = await asyncio.open_connection("127.0.0.1", door.port)
    writer.write(
        b"PUT /api/v1/resources/1/file HTTP/1.1\r\nhost: x\r\ncontent-length: 1000000\r\n\r\n"
        + b"x" * 300_000
    )
    await asyncio.sleep(0.1)
    assert not gone.is_set()
    writer.close()
    async with asyncio.timeout(10):
        await gone.wait()


async def test_a_body_is_bounded_declared_or_not(open_gateway: OpenGateway) -> None:
    door = open_gateway(max_body_bytes=100_000, max_upload_bytes=300_000)

    async def pieces() -> object:
        for _ in range(20):
            yield b"x" * 20_000

    async with door.client() as client:
        is_problem(await client.post("/api/v1/courses", content=b"x" * 100_001), 413, "payload-too-large")
        is_problem(await client.post("/api/v1/courses", content=pieces()), 413, "payload-too-large")  # type: ignore[arg-type]
        is_problem(await client.put("/api/v1/resources/1/file", content=pieces()), 413, "payload-too-large")  # type: ignore[arg-type]
        assert (await client.post("/api/v1/courses", content=b"x" * 100_000)).json()["length"] == 100_000
        assert (await client.put("/api/v1/resources/1/file", content=b"x" * 300_000)).status_code == 200


async def test_a_refused_upload_is_heard_before_its_body_is_sent(open_gateway: OpenGateway) -> None:
    door = open_gateway(max_upload_bytes=1000)
    answer = await door.raw(
        b"PUT /api/v1/resources/1/file HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: 5000\r\n\r\n",
        wait=0.5,
    )
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"connection: close\r\n" in answer
    answer = await door.raw(
        b"PUT /api/v1/resources/1/file HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: 5\r\n\r\n",
        wait=0.5,
    )
    assert answer.startswith(b"HTTP/1.1 100 Continue\r\n\r\n")


async def test_a_slow_upload_is_not_a_slow_service(open_gateway: OpenGateway, upstream: OpenUpstream) -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_head(reader)
        await reader.readexactly(200_000)
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")

    door = open_gateway({"catalog": await upstream(script)}, answer_timeout=0.5, body_timeout=5.0)

    async def pieces() -> object:
        for _ in range(4):
            yield b"x" * 50_000
            await asyncio.sleep(0.6)

    async with door.client() as client:
        answer = await client.put(
            "/api/v1/resources/1/file",
            content=pieces(),  # type: ignore[arg-type]
            headers={"content-length": "200000"},
        )
    assert answer.status_code == 200


async def test_where_gigabytes_are_worked_on_the_answer_may_take_longer(
    open_gateway: OpenGateway, upstream: OpenUpstream
) -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_head(reader)
        await reader.readexactly(100_000)
        await asyncio.sleep(1.0)
        writer.write(b"HTTP/1.1 201 Created\r\ncontent-length: 0\r\n\r\n")

    patience = {"answer_timeout": 0.2, "slow_answer_timeout": 0.2, "long_answer_timeout": 10.0}
    door = open_gateway({"catalog": await upstream(script)}, **patience)
    async with door.client() as client:
        answer = await client.post("/api/v1/courses/import", content=b"x" * 100_000)
        assert answer.status_code == 201
        answer = await client.post("/api/v1/courses/7/modules", content=b"x" * 100_000)
        assert answer.status_code == 504


async def test_slow_uploads_keep_nobody_from_the_service(open_gateway: OpenGateway) -> None:
    """As many as there are connections for the others, and more than one client may have."""
    door = open_gateway(connections_per_service=2, uploads_per_client=3, queue_timeout=0.3)
    head = b"PUT /api/v1/resources/1/file HTTP/1.1\r\nhost: x\r\ncontent-length: 200000\r\n\r\n"
    sending = []
    for _ in range(3):
        reader, writer = await asyncio.open_connection("127.0.0.1", door.port)
        writer.write(head + b"x" * 100_000)
        sending.append((reader, writer))
    await asyncio.sleep(0.3)
    async with door.client() as client:
        assert (await client.get("/api/v1/courses")).status_code == 200
        fourth = await client.put("/api/v1/resources/1/file", content=b"x" * 100)
        is_problem(fourth, 429, "too-many-requests")
        for reader, writer in sending:
            writer.write(b"x" * 100_000)
            assert (await read_head(reader)).startswith(b"HTTP/1.1 200 ")
            writer.close()
            await writer.wait_closed()
        assert (await client.put("/api/v1/resources/1/file", content=b"x" * 100)).status_code == 200
