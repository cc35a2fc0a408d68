"""The same in a bucket of a real S3."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest
from catalog.files import service as files
from catalog.settings import Settings
from chassis.storage import Storage
from chassis.testing import serving
from chassis.testing_s3 import S3Server

PDF = b"%PDF-1.7\n" + bytes(range(256)) * 4096
MIB = 2**20


@pytest.fixture(scope="session")
def s3() -> Iterator[S3Server]:
    with S3Server() as server:
        yield server


@pytest.fixture
async def bucket(app: Any, settings: Settings, s3: S3Server) -> Storage:
    storage = Storage(settings.model_copy(update=s3.settings("catalog")))
    async for found in storage.list_below("resources"):
        await storage.delete(found.key)
    app.state.storage = storage
    return storage


async def keys(storage: Storage) -> list[str]:
    return [found.key async for found in storage.list_below("resources")]


async def test_a_file_comes_and_goes(shelf: Any, bucket: Storage, database: Any) -> None:
    resource_id = await shelf.filed(PDF)
    who = shelf.studio.learner
    assert (await shelf.get(resource_id, who)).content == PDF
    part = await shelf.get(resource_id, who, Range="bytes=500000-500099")
    assert (part.status_code, part.content) == (206, PDF[500_000:500_100])
    assert len(await keys(bucket)) == 1
    await shelf.put(resource_id, PDF + b"2")
    await files.remove_unwanted(database, bucket)
    assert len(await keys(bucket)) == 1
    await shelf.studio.ask("DELETE", f"/resources/{resource_id}", expect=204, headers=shelf.studio.author)
    await files.remove_unwanted(database, bucket)
    assert await keys(bucket) == []


async def test_the_bucket_serves_it_itself_where_it_may(
    shelf: Any, app: Any, bucket: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    resource_id = await shelf.filed(PDF, "R\u00e9sum\u00e9.pdf")
    monkeypatch.setitem(app.state.settings.__dict__, "presigned_downloads", True)
    who = shelf.studio.learner
    answer = await shelf.get(resource_id, who)
    assert answer.status_code == 302
    assert answer.headers["cache-control"] == "no-store"
    assert await shelf.count(resource_id) == 1
    assert (await shelf.get(resource_id)).status_code == 401, "guests get no such address"
    async with httpx.AsyncClient() as client:
        sent = await client.get(answer.headers["location"])
        assert sent.content == PDF
        assert sent.headers["content-type"] == "application/pdf"
        assert sent.headers["content-disposition"].startswith('attachment; filename="Resume.pdf"')
        part = await client.get(answer.headers["location"], headers={"Range": "bytes=5-9"})
        assert (part.status_code, part.content) == (206, PDF[5:10])
    going_on = await shelf.get(resource_id, who, Range="bytes=100-")
    assert going_on.status_code == 302
    assert await shelf.count(resource_id) == 1
    head = await shelf.studio.client.head(f"/api/v1/resources/{resource_id}/download", headers=who)
    assert head.status_code == 200


async def test_a_file_that_breaks_off_leaves_no_part(
    shelf: Any, app: Any, bucket: Storage, s3: S3Server, database: Any
) -> None:
    made = await shelf.add()
    token = shelf.studio.author["Authorization"]
    async with serving(app) as url:
        _, writer = await asyncio.open_connection("127.0.0.1", int(url.rpartition(":")[2]))
        writer.write(
            f"PUT /api/v1/resources/{made['id']}/file?filename=a.pdf HTTP/1.1\r\nHost: x\r\n"
            f"Authorization: {token}\r\nContent-Length: {2**30}\r\n\r\n".encode()
        )
        for _ in range(20):
            writer.write(PDF[:9] + bytes(MIB - 9))
            await writer.drain()
        for _ in range(200):
            if s3.unfinished_uploads():
                break
            await asyncio.sleep(0.05)
        assert s3.unfinished_uploads(), "parts of it were being sent"
        writer.transport.abort()
        for _ in range(200):
            if not s3.unfinished_uploads():
                break
            await asyncio.sleep(0.05)
    assert s3.unfinished_uploads() == []
    assert await keys(bucket) == []
    await files.remove_unwanted(database, bucket)


async def test_a_file_that_is_too_large_leaves_no_part(
    shelf: Any, app: Any, bucket: Storage, s3: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = await shelf.add()
    monkeypatch.setitem(app.state.settings.__dict__, "max_upload_bytes", 17 * MIB)

    async def endless() -> AsyncIterator[bytes]:
        yield PDF
        for _ in range(20):
            yield bytes(MIB)

    answer = await shelf.put(made["id"], endless())
    assert (answer.status_code, answer.json()["type"]) == (413, "/problems/file-too-large")
    assert s3.unfinished_uploads() == []
    assert await keys(bucket) == []
