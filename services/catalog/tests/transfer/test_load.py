"""Imports that are large, that find no room, and that come twice."""

import asyncio
import errno
import io
import json
import random
import tempfile
import threading
import zipfile
from typing import Any

import pytest
from catalog.files import service as files
from catalog.outline import whole as outlines
from catalog.resources import whole as resources
from catalog.transfer import exports, service
from chassis.db import Database
from chassis.storage import Storage
from sqlalchemy import event, text

from .conftest import PDF, bundle
from .test_imports import MIB, filed, nothing_is_left, outline


async def test_of_a_large_course_nothing_is_built_where_requests_are_answered(
    carrier: Any, app: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is one step for each row happens in threads, and rows come and go in batches that keep their order."""
    loop = threading.get_ident()
    built: dict[str, bool] = {}

    def watch(module: Any, name: str) -> None:
        build = getattr(module, name)

        def watched(*given: Any) -> Any:
            built[name] = threading.get_ident() != loop
            return build(*given)

        monkeypatch.setattr(module, name, watched)

    for module, name in (
        (service, "_outline_rows"),
        (service, "_resource_rows"),
        (exports, "_modules"),
        (exports, "_as_json"),
    ):
        watch(module, name)
    monkeypatch.setattr(outlines, "AT_ONCE", 3)
    monkeypatch.setattr(resources, "AT_ONCE", 4)
    written: list[int] = []
    event.listen(
        app.state.database.engine.sync_engine,
        "before_cursor_execute",
        lambda *given: written.append(len(given[3])) if "INTO courses_resource" in given[2] else None,
    )
    links = [{"title": f"R{n}", "type": "link", "url": f"https://babbage.example/{n}"} for n in range(3)]
    modules = [
        {"title": f"M{n}", "lessons": [{"title": f"L{n}-{m}", "resources": links} for m in range(5)]}
        for n in range(5)
    ]
    made = await carrier.take(bundle(modules=modules))
    assert made["report"]["taken"]["resources"] == 75
    assert (max(written), sum(written)) == (4, 75)
    document = json.loads(zipfile.ZipFile(io.BytesIO(await carrier.export(made["id"]))).read("course.json"))
    assert [
        (lesson["title"], [each["url"] for each in lesson["resources"]])
        for module in document["modules"]
        for lesson in module["lessons"]
    ] == [(f"L{n}-{m}", [link["url"] for link in links]) for n in range(5) for m in range(5)]
    assert built == dict.fromkeys(("_outline_rows", "_resource_rows", "_modules", "_as_json"), True)


@pytest.mark.parametrize("size", [100, 3 * MIB])
async def test_a_full_disk_says_so(
    carrier: Any,
    database: Database,
    storage: Storage,
    stored: Any,
    monkeypatch: pytest.MonkeyPatch,
    size: int,
) -> None:
    """On a device that is always full, for what fits into any buffer and for what fits into none."""
    content = bundle(files={"a.txt": random.Random(1).randbytes(size)})
    with monkeypatch.context() as patched:
        patched.setattr(tempfile, "TemporaryFile", lambda buffering=-1: open("/dev/full", "r+b", buffering))  # noqa: SIM115, PTH123
        assert (await carrier.refused(content))[:2] == (503, "unavailable")
        await nothing_is_left(database, storage, stored)

        def none_at_all(**_: Any) -> Any:
            raise OSError(errno.ENOSPC, "No space left on device")

        patched.setattr(tempfile, "TemporaryFile", none_at_all)
        assert (await carrier.refused(content))[:2] == (503, "unavailable")
    await carrier.take(content)


async def test_sent_twice_at_once_under_one_key_it_is_one_course(
    carrier: Any, database: Database, storage: Storage, stored: Any
) -> None:
    content = bundle(files={"files/a.pdf": PDF}, modules=outline(filed()))
    answers = await asyncio.gather(
        *(carrier.post(content, headers={"Idempotency-Key": "k"}) for _ in range(4))
    )
    made = [answer.json()["id"] for answer in answers if answer.status_code == 201]
    assert len(made) >= 1
    assert len(set(made)) == 1
    assert {answer.status_code for answer in answers} <= {201, 409}
    # Of the others nothing is kept, and their files are gone within the hour.
    async with database.transaction() as session:
        assert await session.scalar(text("SELECT count(*) FROM courses_course")) == 1
        late = "SELECT count(*) FROM catalog_unwanted_file WHERE remove_after > now() + interval '1 hour'"
        assert await session.scalar(text(late)) == 0
        await session.execute(text("UPDATE catalog_unwanted_file SET remove_after = now()"))
    await files.remove_unwanted(database, storage)
    assert len(stored()) == 1
