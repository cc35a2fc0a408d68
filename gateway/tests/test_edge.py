"""The door itself: what comes in over the wire, malformed, slow or sly."""

import asyncio
import time

import orjson
import pytest

from .conftest import Door, OpenGateway, Play, read_head

GET = b"GET /api/v1/courses HTTP/1.1\r\nhost: x\r\n"


def status_of(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


def assert_whole_problem(answer: bytes, status: int) -> None:
    head, _, body = answer.partition(b"\r\n\r\n")
    assert status_of(answer) == status, answer
    assert b"content-type: application/problem+json" in head
    assert b"x-request-id: " in head
    assert b"traceparent: 00-" in head
    assert orjson.loads(body)["status"] == status


SMUGGLED = b"GET /api/v1/courses/smuggled HTTP/1.1\r\nhost: x\r\n\r\n"
POST = b"POST /api/v1/courses HTTP/1.1\r\nhost: x\r\n"


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (POST + b"content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n" + SMUGGLED, 400),
        (POST + b"transfer-encoding: chunked\r\ncontent-length: 5\r\n\r\n0\r\n\r\n" + SMUGGLED, 400),
        (POST + b"content-length: 5\r\ncontent-length: 6\r\n\r\nhello" + SMUGGLED, 400),
        (POST + b"content-length: 5\r\ncontent-length: 5\r\n\r\nhello", 400),
        (POST + b"content-length: +5\r\n\r\nhello", 400),
        (POST + b"content-length: -5\r\n\r\nhello", 400),
        (POST + b"content-length: 5, 5\r\n\r\nhello", 400),
        (POST + b"content-length: 0x5\r\n\r\nhello", 400),
        (POST + b"content-length: 99999999999999999999999\r\n\r\nhello", 400),
        (POST + b"transfer-encoding: xchunked\r\n\r\n0\r\n\r\n" + SMUGGLED, 501),
        (POST + b"transfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n" + SMUGGLED, 501),
        (POST + b"transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        (POST + b"transfer-encoding: chunked\r\ntransfer-encoding: identity\r\n\r\n0\r\n\r\n", 400),
        (POST + b"transfer-encoding : chunked\r\n\r\n0\r\n\r\n" + SMUGGLED, 400),
        (POST + b"transfer-encoding:\x0bchunked\r\n\r\n0\r\n\r\n" + SMUGGLED, 400),
        (POST + b"x: y\r\n transfer-encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        (POST + b"transfer-encoding: chunked\r\n\r\n5;x=\n\r\nhello\r\n0\r\n\r\n", 400),
        (POST + b"transfer-encoding: chunked\r\n\r\n5\nhello\r\n0\r\n\r\n", 400),
        (POST + b"transfer-encoding: chunked\r\n\r\nzz\r\n", 400),
        (POST + b"transfer-encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFFF\r\n", 400),
        (b"POST /api/v1/courses HTTP/1.0\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        (b"GET /api/v1/courses HTTP/1.1\nhost: x\n\n", 400),
        (GET + b"x\x00y: z\r\n\r\n", 400),
        (GET + b"x: a\x00b\r\n\r\n", 400),
        (GET + b"x: a\rb\r\n\r\n", 400),
        (GET + b"host: y\r\n\r\n", 400),
        (b"GET /api/v1/courses HTTP/1.1\r\n\r\n", 400),
        (b"GET /api/v1/courses HTTP/2.0\r\nhost: x\r\n\r\n", 505),
        (b"GET /api/v1/courses HTTP/0.9\r\n\r\n", 505),
        (b"NONSENSE /api/v1/courses HTTP/1.1\r\nhost: x\r\n\r\n", 400),
        (b"GET /api/v1/courses\xc3\xa9 HTTP/1.1\r\nhost: x\r\n\r\n", 400),
        (b"CONNECT internal:80 HTTP/1.1\r\nhost: x\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
        (b"GET /" + b"x" * 9_000 + b" HTTP/1.1\r\nhost: x\r\n\r\n", 414),
        (GET + b"x-filler: " + b"y" * 40_000 + b"\r\n\r\n", 431),
        (GET + b"x-filler: " + b"y" * 40_000, 431),
        (GET + b"x: y\r\n" * 200 + b"\r\n", 431),
    ],
)
async def test_what_can_be_read_in_two_ways_is_refused_once(door: Door, request_: bytes, status: int) -> None:
    answer = await door.raw(request_, wait=1.0)
    assert_whole_problem(answer, status)
    assert answer.count(b"HTTP/1.1 ") == 1, "the smuggled request was answered"


@pytest.mark.parametrize(
    "path",
    [
        "/internal/users/7",
        "//internal/users/7",
        "/INTERNAL/users/7",
        "/%69nternal/users/7",
        "/%2finternal/users/7",
        "/api/v1/../../internal/users/7",
        "/api/v1/%2e%2e/%2e%2e/internal/users/7",
        "/api/v1/..;/internal",
        "/api/v1/courses/..%2f..%2f..%2finternal/users/7",
        "/api/v1/courses/%2e%2e%2f%2e%2e%2finternal",
        "/api/v1/courses/x%5c..%5c..%5cinternal",
        "http://x/internal/users/7",
        "http://internal/internal/users/7",
        "/internal/users/7?/api/v1/courses",
        "/internal/users/7#/api/v1/courses",
        "/api/v1/courses/5/../../../../internal",
    ],
)
async def test_nothing_internal_is_reachable_however_it_is_spelled(play: Play, path: str) -> None:
    reached = False

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal reached
        reached = True
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")

    door = play(script)
    answer = await door.raw(f"GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n".encode(), wait=1.0)
    assert status_of(answer) in (400, 404)
    assert not reached


async def test_a_trailer_is_not_a_header(door: Door) -> None:
    answer = await door.raw(
        POST + b"connection: close\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n"
        b"authorization: Bearer forged\r\nx-late: 1\r\n\r\n"
    )
    assert status_of(answer) == 200
    echoed = orjson.loads(answer.partition(b"\r\n\r\n")[2])
    assert echoed["length"] == 2
    assert not {"authorization", "x-late"} & {name for name, _ in echoed["headers"]}


async def test_a_chunked_body_is_framed_anew(play: Play) -> None:
    seen: list[bytes] = []

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(await reader.readuntil(b"hello world"))
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")

    door = play(script)
    await door.raw(
        POST
        + b"connection: close\r\ntransfer-encoding: chunked\r\n\r\n5;ext=1\r\nhello\r\n6\r\n world\r\n0\r\n\r\n"
    )
    assert b"content-length: 11\r\n" in seen[0]
    assert b"chunked" not in seen[0]
    assert seen[0].endswith(b"\r\n\r\nhello world")


async def test_a_pipelined_request_is_left_to_be_sent_again(door: Door) -> None:
    answer = await door.raw(GET + b"\r\n" + SMUGGLED, wait=1.0)
    assert status_of(answer) == 200
    assert answer.count(b"HTTP/1.1 ") == 1
    assert b"connection: close\r\n" in answer


async def test_one_connection_serves_one_request_after_the_other(door: Door) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", door.port)
    for _ in range(3):
        writer.write(GET[:20])
        await asyncio.sleep(0.01)
        writer.write(GET[20:] + b"\r\n")
        head = await read_head(reader)
        assert status_of(head) == 200
        length = int(head.split(b"content-length: ")[1].split(b"\r\n")[0])
        await reader.readexactly(length)
    writer.close()


async def test_http_1_0_and_connection_close_end_with_the_answer(door: Door) -> None:
    for request in (b"GET /api/v1/courses HTTP/1.0\r\n\r\n", GET + b"connection: close\r\n\r\n"):
        started = time.monotonic()
        answer = await door.raw(request)
        assert status_of(answer) == 200
        assert b"connection: close\r\n" in answer
        assert time.monotonic() - started < 5


async def test_an_upgrade_is_not_taken(door: Door) -> None:
    answer = await door.raw(
        GET + b"connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n\r\nnot http",
        wait=1.0,
    )
    assert status_of(answer) == 200
    headers = dict(orjson.loads(answer.partition(b"\r\n\r\n")[2])["headers"])
    assert not {"upgrade", "connection"} & headers.keys()


@pytest.mark.parametrize("start", [b"", b"GET /api/v1/cou", GET])
async def test_a_head_has_to_come_in_time(door: Door, start: bytes) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", door.port)
    started = time.monotonic()
    writer.write(start)
    answer = b""
    async with asyncio.timeout(10):
        # One byte at a time does not buy more time.
        while not (piece := await _nibble(reader, writer, start)):
            pass
        answer = piece
    assert time.monotonic() - started < 6
    if start:
        assert status_of(answer) == 408
    writer.close()


async def _nibble(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, start: bytes) -> bytes | None:
    if start == GET:
        writer.write(b"x")
    try:
        async with asyncio.timeout(0.2):
            return await reader.read(65536) or b"closed"
    except TimeoutError:
        return None


async def test_a_body_has_to_go_on(door: Door) -> None:
    for head in (b"content-length: 10\r\n\r\nhalf", b"content-length: 1000000\r\n\r\n" + b"x" * 100_000):
        started = time.monotonic()
        answer = await door.raw(POST + head, wait=4.0)
        assert_whole_problem(answer, 408)
        assert time.monotonic() - started < 8


async def test_an_answer_nobody_reads_is_given_up(open_gateway: OpenGateway, play: Play) -> None:
    gone = asyncio.Event()

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_head(reader)
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 100000000\r\n\r\n")
        try:
            while True:
                writer.write(b"x" * 1_000_000)
                await writer.drain()
        except ConnectionError:
            gone.set()

    url = play(script).gateway.settings.service_urls["catalog"]
    door = open_gateway({"catalog": url}, write_timeout=0.3)
    _, writer = await asyncio.open_connection("127.0.0.1", door.port, limit=1024)
    writer.write(GET + b"\r\n")
    async with asyncio.timeout(10):
        await gone.wait()
    writer.close()


async def test_an_idle_connection_is_closed(open_gateway: OpenGateway) -> None:
    door = open_gateway(keep_alive_timeout=0.3)
    started = time.monotonic()
    answer = await door.raw(GET + b"\r\n", wait=4.0)
    assert status_of(answer) == 200
    assert time.monotonic() - started < 6


async def test_clients_are_bounded(open_gateway: OpenGateway) -> None:
    door = open_gateway(max_connections=2)
    held = [await asyncio.open_connection("127.0.0.1", door.port) for _ in range(2)]
    for reader, writer in held:
        writer.write(GET + b"\r\n")
        assert status_of(await read_head(reader)) == 200
    answer = await door.raw(GET + b"\r\n")
    assert_whole_problem(answer, 503)
    assert b"retry-after: " in answer
    for _, writer in held:
        writer.close()
    await asyncio.sleep(0.1)
    assert status_of(await door.raw(GET + b"connection: close\r\n\r\n")) == 200
