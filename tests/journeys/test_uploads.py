"""Files of gigabytes on a real platform: refused at once, cut off in the middle, sent a byte at a time."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import httpx
import psutil
import pytest
from lyceum.testing import Person, Platform, eventually, publish_course, sign_in

pytestmark = pytest.mark.stack

MIB, GIB = 2**20, 2**30
ZIP = b"PK\x03\x04\x14\x00\x00\x00\x08\x00" + bytes(MIB - 10)


@dataclass
class Line:
    """A connection on which a file is sent by hand."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def send(self, content: bytes) -> None:
        self.writer.write(content)
        await self.writer.drain()

    async def head(self) -> str:
        async with asyncio.timeout(30):
            return (await self.reader.readuntil(b"\r\n\r\n")).decode()


@dataclass
class Sender:
    """Somebody who teaches, and a resource of theirs that waits for its file."""

    platform: Platform
    person: Person
    resource_id: int

    @property
    def path(self) -> str:
        return f"/api/v1/resources/{self.resource_id}"

    @asynccontextmanager
    async def line(self, port: int, *headers: str) -> AsyncIterator[Line]:
        """A PUT whose head is out."""
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        lines = [
            f"PUT {self.path}/file?filename=a.zip HTTP/1.1",
            f"Host: 127.0.0.1:{port}",
            f"Authorization: Bearer {self.person.token}",
            *headers,
        ]
        writer.write("".join(f"{line}\r\n" for line in [*lines, ""]).encode())
        try:
            yield Line(reader, writer)
        finally:
            writer.transport.abort()

    def parts(self) -> list[Path]:
        """What is on the disk of this resource, whole or not."""
        folder = self.platform.data_dir / "files" / "catalog" / "resources" / str(self.resource_id)
        return [path for path in folder.rglob("*") if path.is_file()] if folder.exists() else []

    async def wait_for_parts(self, *, some: bool) -> None:
        async def found() -> bool:
            return bool(self.parts()) == some

        await eventually(found, what=f"parts of a file on the disk: {some}")


@pytest.fixture
async def sender(stack: Platform, http: httpx.AsyncClient, admin: Person) -> Sender:
    person = await sign_in(http, "instructor", stack.accounts["instructor"])
    listed = await admin.ask("GET", "/api/v1/categories")
    category = listed["items"][0] if listed["items"] else None
    if category is None:
        category = await admin.ask("POST", "/api/v1/categories", json={"name": "Machines"}, expect=201)
    course = await publish_course(person, category["id"], modules=1, lessons=1)
    path = f"/api/v1/lessons/{course.lessons[0]}/resources"
    made = await person.ask("POST", path, json={"title": "The film", "type": "document"}, expect=201)
    return Sender(stack, person, made["id"])


@pytest.fixture(params=["gateway", "catalog"])
async def port(request: pytest.FixtureRequest, stack: Platform) -> int:
    """Where the file is sent to: the door, or the service behind it."""
    if request.param == "gateway":
        return stack.port
    told = await asyncio.to_thread(stack.status)
    return urlsplit(told["services"]["catalog"]["url"]).port or 80


@pytest.mark.parametrize("expects", [False, True])
async def test_what_is_announced_as_too_large_is_refused_at_once(
    sender: Sender, port: int, expects: bool
) -> None:
    headers = [f"Content-Length: {5000 * GIB}", *(["Expect: 100-continue"] if expects else [])]
    async with sender.line(port, *headers) as line:
        head = await line.head()
        assert head.startswith("HTTP/1.1 413 "), "and not 100: nobody need send it"
        assert "application/problem+json" in head
    assert sender.parts() == []


@pytest.mark.parametrize("framed", ["declared", "chunked"])
async def test_what_breaks_off_leaves_nothing_and_holds_nothing(
    sender: Sender, port: int, framed: str
) -> None:
    memory = {name: psutil.Process(sender.platform.pid(name)) for name in ("gateway", "catalog-api")}
    chunked = framed == "chunked"
    announced = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {3 * GIB // 2}"
    before = {name: process.memory_info().rss for name, process in memory.items()}
    async with sender.line(port, announced) as line:
        piece = b"%x\r\n%b\r\n" % (MIB, ZIP) if chunked else ZIP
        for _ in range(128):
            await line.send(piece)
        await sender.wait_for_parts(some=True)
        grown = {name: process.memory_info().rss - before[name] for name, process in memory.items()}
        assert max(grown.values()) < 64 * MIB, grown
    await sender.wait_for_parts(some=False)
    shown = await sender.person.ask("GET", sender.path)
    assert (shown["uploaded"], shown["file"], shown["file_size"]) == (False, None, None)
    # And the next one is taken.
    async with sender.line(port, f"Content-Length: {2 * MIB}") as line:
        await line.send(ZIP + bytes(MIB))
        assert (await line.head()).startswith("HTTP/1.1 200 ")
    assert len(sender.parts()) == 1
    assert '"level":"error"' not in sender.platform.log("catalog-api")


async def test_who_is_told_to_go_on_goes_on(sender: Sender, port: int) -> None:
    async with sender.line(port, f"Content-Length: {MIB}", "Expect: 100-continue") as line:
        assert (await line.head()).startswith("HTTP/1.1 100 ")
        await line.send(ZIP)
        head = await line.head()
        assert head.startswith("HTTP/1.1 200 ")
        length = next(row for row in head.lower().splitlines() if row.startswith("content-length:"))
        shown = json.loads(await line.reader.readexactly(int(length.split(":")[1])))
    assert (shown["uploaded"], shown["file_size"]) == (True, MIB)


async def test_who_sends_a_byte_at_a_time_holds_nobody_up(sender: Sender, port: int) -> None:
    told = await asyncio.to_thread(sender.platform.status)
    database = await asyncpg.connect(
        told["services"]["catalog"]["database_url"].replace("+asyncpg", ""), timeout=10
    )
    async with sender.line(port, f"Content-Length: {MIB}") as line:
        await line.send(ZIP[: MIB // 2])
        for at in range(MIB // 2, MIB // 2 + 4):
            await line.send(ZIP[at : at + 1])
            await asyncio.sleep(1)
            open_ones = await database.fetchval(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
                "AND state LIKE 'idle in transaction%' AND state_change < now() - interval '1 second'"
            )
            assert open_ones == 0
            await sender.person.ask("PATCH", sender.path, json={"title": f"The film, {at}"})
        await line.send(ZIP[MIB // 2 + 4 :])
        assert (await line.head()).startswith("HTTP/1.1 200 ")
    await database.close()
    shown = await sender.person.ask("GET", sender.path)
    assert (shown["title"], shown["file_size"]) == (f"The film, {MIB // 2 + 3}", MIB)
