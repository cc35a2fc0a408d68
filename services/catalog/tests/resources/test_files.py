"""The files of resources: put, replaced, refused, cut off; on a disk."""

import asyncio
import hashlib
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from catalog.files import service as files
from catalog.resources import service
from catalog.resources.rules import FOLDER
from catalog.worker import jobs
from chassis.db import Database
from chassis.storage import Storage, StorageAway, new_key
from chassis.testing import serving
from sqlalchemy import text

PDF = b"%PDF-1.7\n" + bytes(range(256)) * 40
MIB = 2**20


async def unwanted(database: Database) -> int:
    async with database.transaction() as session:
        return int(await session.scalar(text("SELECT count(*) FROM catalog_unwanted_file")) or 0)


async def test_a_file_from_its_sending_to_its_end(
    shelf: Any, database: Database, storage: Storage, stored: Any
) -> None:
    made = await shelf.add()
    answer = await shelf.put(made["id"], PDF, "../../R\u00e9sum\u00e9.pdf")
    assert answer.status_code == 200, answer.text
    shown = answer.json()
    assert shown["uploaded"]
    assert shown["file"] == "R\u00e9sum\u00e9.pdf"
    assert shown["file_size"] == len(PDF)
    assert shown["mime_type"] == "application/pdf"
    assert shown["sha256"] == hashlib.sha256(PDF).hexdigest()
    assert shown["download_url"] == f"/api/v1/resources/{made['id']}/download"
    assert answer.headers["etag"] == '"2"'
    [name] = stored()
    assert "sum" not in name, "what it is called on the disk is chance"
    assert await unwanted(database) == 0

    second = PDF + b"second"
    assert (await shelf.put(made["id"], second)).status_code == 200
    await files.remove_unwanted(database, storage)
    [kept] = stored()
    assert kept != name
    assert (await shelf.get(made["id"], shelf.studio.author)).content == second

    await shelf.studio.ask("DELETE", f"/resources/{made['id']}", expect=204, headers=shelf.studio.author)
    await files.remove_unwanted(database, storage)
    assert stored() == []


@pytest.mark.parametrize("what", ["lesson", "module", "course"])
async def test_a_file_goes_with_whatever_it_hangs_on(
    shelf: Any, database: Database, storage: Storage, stored: Any, what: str
) -> None:
    course = await shelf.studio.outlined("Another")
    shelf.lesson_id = course.lessons[0][0]
    await shelf.filed()
    kept = shelf.studio
    path = {
        "lesson": f"/lessons/{course.lessons[0][0]}",
        "module": f"/modules/{course.modules[0]}",
        "course": f"/courses/{course.id}",
    }[what]
    await kept.ask("DELETE", path, expect=204, headers=kept.author)
    assert await unwanted(database) == 1
    await files.remove_unwanted(database, storage)
    assert stored() == []
    assert await unwanted(database) == 0


@pytest.mark.parametrize(
    ("kind", "content", "name", "status", "slug"),
    [
        ("document", b"MZ\x90\x00\x03" + b"\x00" * 20, "a.pdf", 415, "file-type-refused"),
        ("document", b"MZ\x90\x00\x03" + b"\x00" * 20, "a.exe", 415, "file-type-refused"),
        ("document", b"<!doctype html><script>alert(1)</script>", "a.txt", 415, "file-type-refused"),
        ("image", b"<svg onload='alert(1)'/>", "a.svg", 415, "file-type-refused"),
        ("document", PDF, "a.png", 415, "file-type-refused"),
        ("video", PDF, "a.pdf", 409, "type-does-not-fit"),
        ("document", b"", "a.pdf", 422, "file-empty"),
        ("document", PDF, "..", 422, "file-name-invalid"),
        ("document", PDF + b"\x00" * MIB, "a.pdf", 413, "file-too-large"),
    ],
)
async def test_what_is_refused_leaves_nothing(
    shelf: Any,
    app: Any,
    database: Database,
    storage: Storage,
    stored: Any,
    monkeypatch: pytest.MonkeyPatch,
    kind: str,
    content: bytes,
    name: str,
    status: int,
    slug: str,
) -> None:
    monkeypatch.setitem(app.state.settings.__dict__, "max_upload_bytes", MIB)
    made = await shelf.add(type=kind)

    async def streamed() -> AsyncIterator[bytes]:
        for at in range(0, len(content), 4096):
            yield content[at : at + 4096]

    for body in (content, streamed()):
        answer = await shelf.put(made["id"], body, name)
        assert (answer.status_code, answer.json()["type"]) == (status, f"/problems/{slug}"), answer.text
    shown = await shelf.studio.ask("GET", f"/resources/{made['id']}", headers=shelf.studio.author)
    assert (shown["uploaded"], shown["file"], shown["download_url"]) == (False, None, None)
    assert stored() == []
    await files.remove_unwanted(database, storage)
    assert await unwanted(database) == 0


async def test_forms_and_links_take_no_file(shelf: Any, stored: Any) -> None:
    made = await shelf.add()
    answer = await shelf.put(made["id"], PDF, **{"Content-Type": "multipart/form-data; boundary=x"})
    assert answer.status_code == 415
    link = await shelf.add(title="L", type="link", url="https://babbage.example/")
    answer = await shelf.put(link["id"])
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/link-has-no-file")
    assert stored() == []


async def test_a_name_comes_from_the_header_or_from_the_content(shelf: Any) -> None:
    made = await shelf.add()
    header = {"Content-Disposition": "attachment; filename*=UTF-8''%E2%82%AC%20rates.pdf"}
    assert (await shelf.put(made["id"], name=None, **header)).json()["file"] == "\u20ac rates.pdf"
    assert (await shelf.put(made["id"], name=None)).json()["file"] == "file.pdf"
    assert (await shelf.put(made["id"], b"all:\n", "Makefile")).json()["file"] == "Makefile.txt"


async def test_a_type_stays_that_of_its_file(shelf: Any) -> None:
    resource_id = await shelf.filed()
    path, author = f"/resources/{resource_id}", shelf.studio.author
    await shelf.studio.ask("PATCH", path, expect=409, headers=author, json={"type": "video"})
    as_link = {"type": "link", "url": "https://babbage.example/"}
    await shelf.studio.ask("PATCH", path, expect=409, headers=author, json=as_link)


async def test_nobody_overwrites_what_they_have_not_seen(shelf: Any, stored: Any) -> None:
    resource_id = await shelf.filed()
    answer = await shelf.put(resource_id, PDF, **{"If-Match": '"1"'})
    assert answer.status_code == 412
    assert len(stored()) == 1, "refused before it was read"
    assert (await shelf.put(resource_id, PDF, **{"If-Match": '"2"'})).status_code == 200


async def test_of_several_at_once_the_last_is_kept(
    shelf: Any, database: Database, storage: Storage, stored: Any
) -> None:
    made = await shelf.add()
    contents = [PDF + str(number).encode() for number in range(5)]
    answers = await asyncio.gather(*(shelf.put(made["id"], content) for content in contents))
    assert {answer.status_code for answer in answers} == {200}
    await files.remove_unwanted(database, storage)
    assert len(stored()) == 1
    shown = await shelf.studio.ask("GET", f"/resources/{made['id']}", headers=shelf.studio.author)
    sent = (await shelf.get(made["id"], shelf.studio.author)).content
    assert sent in contents
    assert shown["sha256"] == hashlib.sha256(sent).hexdigest()
    last = max(answers, key=lambda answer: int(answer.headers["etag"].strip('"')))
    assert last.json()["sha256"] == shown["sha256"]


async def test_no_row_is_held_and_no_transaction_open_while_a_file_comes(
    shelf: Any, app: Any, database: Database, stored: Any
) -> None:
    made = await shelf.add()
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def slowly() -> AsyncIterator[bytes]:
        yield PDF
        yield b"x" * 10_000
        begun.set()
        await go_on.wait()
        yield b"the end"

    async with serving(app) as url, httpx.AsyncClient(base_url=url, timeout=20) as client:
        sending = asyncio.create_task(
            client.put(
                f"/api/v1/resources/{made['id']}/file?filename=a.pdf",
                content=slowly(),
                headers=shelf.studio.author,
            )
        )
        await asyncio.wait_for(begun.wait(), 10)
        await asyncio.sleep(0.3)
        async with database.transaction() as session:
            idle = await session.scalar(
                text(
                    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
                    "AND state LIKE 'idle in transaction%' AND pid <> pg_backend_pid()"
                )
            )
        assert idle == 0
        path = f"/resources/{made['id']}"
        await asyncio.wait_for(
            shelf.studio.ask("PATCH", path, headers=shelf.studio.author, json={"title": "Meanwhile"}), 5
        )
        go_on.set()
        answer = await sending
    assert answer.status_code == 200, answer.text
    assert (answer.json()["title"], answer.json()["file_size"]) == ("Meanwhile", len(PDF) + 10_007)


async def test_five_gigabytes_that_break_off_leave_nothing(
    shelf: Any,
    app: Any,
    database: Database,
    storage: Storage,
    stored: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Over a real connection: they are announced, some come, and the line is cut."""
    made = await shelf.add()
    monkeypatch.setitem(app.state.settings.__dict__, "max_upload_bytes", 6 * 2**30)
    token = shelf.studio.author["Authorization"]
    async with serving(app) as url:
        _, writer = await asyncio.open_connection("127.0.0.1", int(url.rpartition(":")[2]))
        writer.write(
            f"PUT /api/v1/resources/{made['id']}/file?filename=a.pdf HTTP/1.1\r\nHost: x\r\n"
            f"Authorization: {token}\r\nContent-Length: {5 * 2**30}\r\n\r\n".encode()
        )
        for _ in range(24):
            writer.write(PDF[:9] + bytes(MIB - 9))
            await writer.drain()
        for _ in range(100):
            if stored():
                break
            await asyncio.sleep(0.05)
        assert stored(), "it was being written"
        writer.transport.abort()
        for _ in range(100):
            if not stored():
                break
            await asyncio.sleep(0.05)
    assert stored() == []
    shown = await shelf.studio.ask("GET", f"/resources/{made['id']}", headers=shelf.studio.author)
    assert (shown["uploaded"], shown["file_size"]) == (False, None)
    await files.remove_unwanted(database, storage)
    assert await unwanted(database) == 0


async def test_a_file_whose_request_died_is_removed_in_time(
    shelf: Any, database: Database, storage: Storage, stored: Any
) -> None:
    """Stored, and then the process was killed."""
    made = await shelf.add()

    async def content() -> AsyncIterator[bytes]:
        yield PDF

    await service.store(database, storage, made["id"], "document", "a.pdf", content(), MIB)
    await files.remove_unwanted(database, storage)
    assert len(stored()) == 1, "it may still be given"
    async with database.transaction() as session:
        await session.execute(text("UPDATE catalog_unwanted_file SET remove_after = now()"))
    await files.remove_unwanted(database, storage)
    assert stored() == []


async def test_a_file_whose_transaction_failed_at_its_end_is_removed_soon(
    shelf: Any, database: Database, storage: Storage, stored: Any
) -> None:
    """All of it came, and the commit that would have kept it was refused: it does not stay for half a day."""
    made = await shelf.add()
    refuse = """CREATE FUNCTION refuse_file() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE serialization_failure; END $$"""
    late = """CREATE CONSTRAINT TRIGGER refuse_file AFTER UPDATE ON courses_resource
        DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION refuse_file()"""
    async with database.transaction() as session:
        for statement in (refuse, late):
            await session.execute(text(statement))
    try:
        assert (await shelf.put(made["id"])).status_code == 503
    finally:
        async with database.transaction() as session:
            await session.execute(text("DROP FUNCTION refuse_file CASCADE"))
    assert len(stored()) == 1
    async with database.transaction() as session:
        waits = "SELECT remove_after - now() < interval '20 minutes' FROM catalog_unwanted_file"
        assert (await session.scalars(text(waits))).all() == [True]
    assert (await shelf.put(made["id"])).status_code == 200


async def test_a_right_that_was_lost_meanwhile_leaves_nothing(
    shelf: Any, app: Any, database: Database, storage: Storage, stored: Any, deliver: Any, events: Any
) -> None:
    made = await shelf.add()

    async def slowly() -> AsyncIterator[bytes]:
        yield PDF
        await deliver(events.instructor(3, status="suspended", version=2))
        yield b"the end"

    answer = await shelf.put(made["id"], slowly())
    assert answer.status_code == 403, answer.text
    await files.remove_unwanted(database, storage)
    assert stored() == []
    assert await unwanted(database) == 0


async def test_files_that_no_row_tells_of_are_cleared_away(
    shelf: Any, database: Database, storage: Storage, stored: Any, settings: Any
) -> None:
    kept_id = await shelf.filed()
    [kept] = stored()
    orphan, fresh = new_key(FOLDER, 7), new_key(FOLDER, 7)
    for key in (orphan, fresh):
        await storage.put(key, b"x", at_most=1, content_type="text/plain")
    folder = Path((settings.storage_url or "").removeprefix("file://"))
    for path in folder.rglob("*"):  # noqa: ASYNC240 - a test
        if path.is_file() and path.name != fresh.rpartition("/")[2]:
            os.utime(path, (0, 0))
    by_name = {job.name: job.work for job in jobs(settings)}
    await by_name["sweep_files"](database)
    async with database.transaction() as session:
        await session.execute(text("UPDATE catalog_unwanted_file SET remove_after = now()"))
    await by_name["unwanted_files"](database)
    assert stored() == sorted([kept, fresh.rpartition("/")[2]])
    assert (await shelf.get(kept_id, shelf.studio.author)).status_code == 200


async def test_what_cannot_be_removed_now_is_removed_later(
    shelf: Any, database: Database, settings: Any, storage: Storage, stored: Any
) -> None:
    resource_id = await shelf.filed()
    await shelf.studio.ask("DELETE", f"/resources/{resource_id}", expect=204, headers=shelf.studio.author)
    with pytest.raises(StorageAway):
        await files.remove_unwanted(database, Storage(settings.model_copy(update={"storage_url": None})))
    assert len(stored()) == 1
    await asyncio.gather(*(files.remove_unwanted(database, storage) for _ in range(3)))
    assert stored() == []


async def test_without_a_storage_it_says_so(shelf: Any, app: Any, settings: Any) -> None:
    made = await shelf.add()
    app.state.storage = Storage(settings.model_copy(update={"storage_url": None}))
    assert (await shelf.put(made["id"])).status_code == 503
