"""A course leaves by the front door as one archive, and comes in again by it: byte for byte, in bounded memory."""

import asyncio
import contextlib
import random
import tempfile
from pathlib import Path

import httpx
import psutil
import pytest
from lyceum.testing import Person, Platform, eventually, publish_course, sign_in

pytestmark = pytest.mark.stack

MIB = 2**20
ZIP = {"Content-Type": "application/zip"}


@pytest.fixture
async def author(stack: Platform, http: httpx.AsyncClient) -> Person:
    return await sign_in(http, "instructor", stack.accounts["instructor"])


@pytest.fixture
async def course_id(author: Person, admin: Person, http: httpx.AsyncClient) -> int:
    """A course with a film of 96 MiB."""
    listed = await admin.ask("GET", "/api/v1/categories")
    category = listed["items"][0] if listed["items"] else None
    if category is None:
        category = await admin.ask("POST", "/api/v1/categories", json={"name": "Machines"}, expect=201)
    course = await publish_course(author, category["id"], modules=2, lessons=2)
    path = f"/api/v1/lessons/{course.lessons[0]}/resources"
    made = await author.ask("POST", path, json={"title": "The film", "type": "document"}, expect=201)
    content = b"%PDF-1.7\n" + random.Random(7).randbytes(96 * MIB)
    answer = await http.put(
        f"/api/v1/resources/{made['id']}/file?filename=film.pdf",
        content=content,
        headers={"Authorization": f"Bearer {author.token}"},
    )
    assert answer.status_code == 200, answer.text
    return int(course.id)


async def export(http: httpx.AsyncClient, who: Person, course_id: int, to: Path) -> bytes:
    headers = {"Authorization": f"Bearer {who.token}"}
    async with http.stream("GET", f"/api/v1/courses/{course_id}/export", headers=headers) as answer:
        assert answer.status_code == 200
        with to.open("wb") as file:
            async for chunk in answer.aiter_raw():
                file.write(chunk)
    return await asyncio.to_thread(to.read_bytes)


async def test_a_course_goes_out_and_comes_in(
    stack: Platform, http: httpx.AsyncClient, author: Person, course_id: int
) -> None:
    processes = {name: psutil.Process(stack.pid(name)) for name in ("gateway", "catalog-api")}
    before = {name: process.memory_info().rss for name, process in processes.items()}
    with tempfile.TemporaryDirectory() as folder:
        first = await export(http, author, course_id, Path(folder, "first.zip"))
        assert len(first) > 96 * MIB
        headers = {
            "Authorization": f"Bearer {author.token}",
            "Idempotency-Key": f"archive-{course_id}",
            **ZIP,
        }
        for attempt in range(2):
            answer = await http.post("/api/v1/courses/import", content=first, headers=headers)
            assert answer.status_code == 201, answer.text
            assert ("idempotency-replayed" in answer.headers) == (attempt == 1)
        made = answer.json()
        assert answer.headers["location"] == f"/api/v1/courses/{made['id']}"
        assert made["report"]["taken"]["files"] == 1
        assert await export(http, author, made["id"], Path(folder, "second.zip")) == first
    grown = {name: process.memory_info().rss - before[name] for name, process in processes.items()}
    assert max(grown.values()) < 64 * MIB, grown

    await author.ask("POST", f"/api/v1/courses/{made['id']}/publish")
    again = await author.ask("GET", f"/api/v1/courses/{made['id']}")
    assert (again["is_published"], again["creation_method"]) == (True, "import")


def nameless_files(pid: int) -> list[str]:
    """What a process has open that is in no folder."""
    found = []
    for path in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):
            found.append(str(path.readlink()))
    return [link for link in found if link.startswith(tempfile.gettempdir()) and link.endswith("(deleted)")]


async def test_what_breaks_off_is_no_course(stack: Platform, author: Person) -> None:
    async def titles() -> list[str]:
        found = await author.ask("GET", "/api/v1/courses?teaching=me&limit=100")
        return [course["title"] for course in found["items"]]

    before = await titles()
    _, writer = await asyncio.open_connection("127.0.0.1", stack.port)
    writer.write(
        f"POST /api/v1/courses/import HTTP/1.1\r\nHost: 127.0.0.1:{stack.port}\r\n"
        f"Authorization: Bearer {author.token}\r\nContent-Type: application/zip\r\n"
        f"Content-Length: {2**30}\r\n\r\n".encode()
    )
    for _ in range(32):
        writer.write(bytes(MIB))
        await writer.drain()

    async def is_kept() -> bool:
        return bool(nameless_files(stack.pid("catalog-api")))

    async def is_gone() -> bool:
        return not await is_kept()

    await eventually(is_kept, what="the archive is kept in a file while it comes")
    writer.transport.abort()
    await eventually(is_gone, what="the file is gone")
    assert await titles() == before
    assert '"level":"error"' not in stack.log("catalog-api")
