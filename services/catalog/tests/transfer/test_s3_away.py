"""A bucket that goes away in the middle of an import, and comes back."""

import asyncio
import random
from collections.abc import AsyncGenerator, Iterator
from typing import Any

import pytest
from catalog.files import service as files
from catalog.transfer.archives import Archive
from chassis.db import Database
from chassis.storage import Storage, StorageAway
from chassis.testing_s3 import S3Server
from sqlalchemy import text

from .conftest import PDF, bundle
from .test_imports import MIB, filed, outline

LARGE = PDF + random.Random(3).randbytes(30 * MIB)
"""Sent in several parts."""


@pytest.fixture
def s3() -> Iterator[S3Server]:
    """Of this test's own, for it is ended in the middle."""
    with S3Server() as server:
        yield server
        server.crash()


async def counts(database: Database) -> dict[str, int]:
    async with database.transaction() as session:
        return {
            name: int(await session.scalar(text(f"SELECT count(*) FROM {name}")) or 0)
            for name in ("courses_course", "courses_lesson", "courses_resource", "catalog_unwanted_file")
        }


async def test_a_bucket_that_dies_in_the_middle_leaves_nothing(
    carrier: Any, app: Any, settings: Any, database: Database, s3: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One file is there, of the next some parts are: the server is killed then."""
    bucket = Storage(settings.model_copy(update=s3.settings("catalog")))
    app.state.storage = bucket
    content = bundle(
        files={"a.pdf": PDF, "b.pdf": LARGE},
        modules=outline(filed("a.pdf"), filed("b.pdf", "b.pdf"), filed("a.pdf", "c.pdf")),
    )
    unpack = Archive.stream

    async def stream(archive: Archive, name: str) -> AsyncGenerator[bytes]:
        sent = 0
        async for chunk in unpack(archive, name):
            sent += len(chunk)
            yield chunk
            if sent > 20 * MIB and not crashed.done():
                assert [found.key async for found in bucket.list_below("resources")], "the first is there"
                await asyncio.to_thread(s3.crash)
                crashed.set_result(None)

    crashed = asyncio.get_running_loop().create_future()
    nothing = dict.fromkeys(await counts(database), 0)
    with monkeypatch.context() as patched:
        patched.setattr(Archive, "stream", stream)
        status, slug, problem = await carrier.refused(content)
    assert crashed.done()
    assert (status, slug) == (503, "unavailable")
    assert problem["detail"] == "The storage does not answer."
    assert await counts(database) == {**nothing, "catalog_unwanted_file": 2}
    with pytest.raises(StorageAway):
        await files.remove_unwanted(database, bucket)
    assert await counts(database) == {**nothing, "catalog_unwanted_file": 2}, "none is forgotten"

    await asyncio.to_thread(s3.start)
    await files.remove_unwanted(database, bucket)
    assert await counts(database) == nothing
    assert [found.key async for found in bucket.list_below("resources")] == []
    assert (await carrier.take(content))["report"]["taken"]["files"] == 3
