"""What is taken of archives, what is refused, and that a refusal leaves nothing."""

import asyncio
import json
import random
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from catalog.courses import service as courses
from catalog.files import service as files
from catalog.transfer import spool
from catalog.transfer.archives import Archive
from catalog.transfer.documents import Converted, Format, Report, bundle_of
from chassis.db import Database
from chassis.storage import Storage
from chassis.testing import serving
from sqlalchemy import event, text

from .conftest import PDF, bundle, document, photo, zipped

CATEGORY = {"slug": "mathematics", "name": "Mathematics"}
MIB = 2**20
LARGE = PDF * 20 + random.Random(7).randbytes(MIB)
"""A file that deflate makes a little smaller."""


def outline(*resources: dict[str, Any], **lesson: Any) -> list[dict[str, Any]]:
    return [{"title": "M", "lessons": [{"title": "L", **lesson, "resources": list(resources)}]}]


def filed(path: str = "files/a.pdf", name: str = "a.pdf", **given: Any) -> dict[str, Any]:
    about = {name: given.pop(name) for name in ("sha256", "size", "mime_type") if name in given}
    return {"title": "R", **given, "file": {"path": path, "name": name, **about}}


async def nothing_is_left(database: Database, storage: Storage, stored: Any) -> None:
    await files.remove_unwanted(database, storage)
    assert stored() == []
    async with database.transaction() as session:
        assert await session.scalar(text("SELECT count(*) FROM courses_course")) == 0
        assert await session.scalar(text("SELECT count(*) FROM catalog_unwanted_file")) == 0
    assert spool._spooled == 0


# --- what is taken ----------------------------------------------------------------------------------------------


async def test_the_least_there_can_be(carrier: Any) -> None:
    made = await carrier.take(bundle())
    assert (made["title"], made["slug"], made["modules"], made["thumbnail"]) == ("Looms", "looms", [], None)
    assert made["report"]["taken"] == {"modules": 0, "lessons": 0, "resources": 0, "files": 0, "thumbnail": 0}


async def test_a_category_by_slug_by_name_or_as_it_is_asked_for(carrier: Any) -> None:
    other = await carrier.studio.category("Weaving")
    [first] = [c for c in (await carrier.studio.ask("GET", "/categories"))["items"] if c["id"] != other]
    by_slug = bundle({"category": {"slug": "weaving", "name": "Mathematics"}})
    assert (await carrier.take(by_slug))["category_id"] == other
    by_name = bundle({"category": {"slug": "maths", "name": "Mathematics"}})
    assert (await carrier.take(by_name))["category_id"] == first["id"]
    assert (await carrier.take(by_name, category_id=other))["category_id"] == other
    for category in (None, {"slug": "alchemy", "name": "Alchemy"}):
        status, slug, problem = await carrier.refused(bundle({"category": category}))
        assert (status, slug, problem["category"]) == (422, "category-needed", category)
    await carrier.studio.ask(
        "PATCH", f"/categories/{other}", headers=carrier.studio.admin, json={"is_active": False}
    )
    assert (await carrier.refused(by_slug, category_id=other))[:2] == (422, "category-unknown")
    assert (await carrier.refused(by_slug, category_id=999))[:2] == (422, "category-unknown")
    assert (await carrier.take(by_slug))["category_id"] == first["id"]


async def test_prices_in_another_currency_are_left(carrier: Any) -> None:
    price = {"price": "49.00", "discount_price": "39.00", "discount_ends": "2030-01-01T00:00:00Z"}
    made = await carrier.take(bundle({"currency": "EUR", **price}))
    assert (made["price"], made["discount_price"], made["discount_ends"]) == ("0.00", None, None)
    assert made["report"]["left"] == [{"what": "price", "why": "It is in EUR; prices here are in USD."}]
    made = await carrier.take(bundle({"currency": "USD", **price}))
    assert (made["price"], made["effective_price"], made["report"]["left"]) == ("49.00", "39.00", [])


async def test_scripts_stay_text_and_are_not_shown(carrier: Any) -> None:
    studio = carrier.studio
    evil = "<script>alert(1)</script><img src=x onerror=alert(1)>[a](javascript:alert(1))"
    course = {"title": evil, "subtitle": evil, "description": evil, "requirements": [evil]}
    made = await carrier.take(
        bundle(course, modules=outline(content=evil, guest_content=evil, transcript=evil))
    )
    assert (made["title"], made["requirements"]) == (evil, [evil])
    lesson_id = made["modules"][0]["lessons"][0]["id"]
    lesson = await studio.ask("GET", f"/lessons/{lesson_id}", headers=studio.author)
    assert (lesson["content"], lesson["guest_content"]) == (evil, evil)
    assert "<script" not in lesson["body_html"]
    assert "<img src=x" not in lesson["body_html"]
    assert 'href="javascript' not in lesson["body_html"]


async def test_files_nobody_asked_for_are_told(carrier: Any, stored: Any) -> None:
    made = await carrier.take(bundle(files={"readme.txt": b"x", "files/a.pdf": PDF}))
    assert [left["what"] for left in made["report"]["left"]] == ["readme.txt", "files/a.pdf"]
    assert stored() == []


async def test_a_folder_that_was_packed_is_the_archive(carrier: Any) -> None:
    told = document(modules=outline(filed()))
    files = {"looms/course.json": told, "looms/files/a.pdf": PDF, "__MACOSX/looms/._course.json": "x"}
    made = await carrier.take(zipped(files))
    assert (made["report"]["taken"]["files"], made["report"]["left"]) == (1, [])


async def test_a_picture_that_is_not_ours_is_drawn_again(carrier: Any) -> None:
    made = await carrier.take(bundle({"thumbnail": {"path": "Cover.PNG"}}, {"cover.png": photo("RGBA")}))
    first = (await carrier.studio.client.get(made["thumbnail"])).content
    assert first[:4] == b"RIFF"
    again = await carrier.take(await carrier.export(made["id"]))
    assert (await carrier.studio.client.get(again["thumbnail"])).content == first
    hiding = first + b"<script>"
    status, slug, problem = await carrier.refused(
        bundle({"thumbnail": {"path": "a.webp"}}, {"a.webp": hiding})
    )
    assert (status, slug, problem["reason"]) == (422, "archive-file-refused", "picture-damaged")


async def test_no_course_has_a_slug_that_is_an_address(carrier: Any) -> None:
    assert (await carrier.take(bundle({"title": "Import"})))["slug"] == "course-import"


async def test_a_whole_outline_takes_a_few_statements(carrier: Any, app: Any) -> None:
    statements: list[str] = []
    engine = app.state.database.engine.sync_engine
    event.listen(engine, "before_cursor_execute", lambda *given: statements.append(given[2]))
    link = {"title": "R", "type": "link", "url": "https://babbage.example/"}
    few = bundle(modules=[{"title": "M", "lessons": [{"title": "L", "resources": [link]}]}])
    many_lessons = [{"title": f"L{n}", "resources": [link] * 6} for n in range(10)]
    many = bundle(modules=[{"title": f"M{n}", "lessons": many_lessons} for n in range(4)])
    await carrier.take(few)
    for_few = len(statements)
    made = await carrier.take(many)
    assert made["report"]["taken"]["resources"] == 240
    assert len(statements) - for_few == for_few


# --- what is refused --------------------------------------------------------------------------------------------

REFUSED: dict[str, tuple[bytes, str, str]] = {
    "no json": (zipped({"course.json": "{"}), "bundle-invalid", "is not JSON"),
    "text that is no UTF-8": (zipped({"course.json": b'{"\xff": 1}'}), "bundle-invalid", "is not JSON"),
    "nested without an end": (zipped({"course.json": "[" * 100_000}), "bundle-invalid", "JSON"),
    "more parts than there can be": (zipped({"course.json": "[" + "[]," * 600_000}, 0), "bundle-invalid", "parts"),
    "a list": (zipped({"course.json": "[]"}), "bundle-invalid", "format"),
    "another format": (zipped({"course.json": '{"format": "scorm"}'}), "bundle-invalid", "format"),
    "a later version": (
        zipped({"course.json": document().replace('"version": 1', '"version": 2')}),
        "bundle-invalid",
        "version 1",
    ),
    "no course": (zipped({"course.json": '{"format": "lyceum-course", "version": 1}'}), "bundle-invalid", "course"),
    "an unknown member": (bundle({"rating": 5}), "bundle-invalid", "course.rating"),
    "an unknown member of the whole": (bundle(extra=1), "bundle-invalid", "extra"),
    "somebody else's id": (bundle({"created_by_id": 1}), "bundle-invalid", "course.created_by_id"),
    "what admins decide": (bundle({"is_featured": True}), "bundle-invalid", "course.is_featured"),
    "a title of blanks": (bundle({"title": "  "}), "bundle-invalid", "course.title"),
    "a title too long": (bundle({"title": "x" * 201}), "bundle-invalid", "course.title"),
    "a NUL": (bundle({"subtitle": "a\x00b"}), "bundle-invalid", "U+0000"),
    "a price below zero": (bundle({"price": "-1.00"}), "bundle-invalid", "course.price"),
    "a price of fractions": (bundle({"price": "1.001"}), "bundle-invalid", "course.price"),
    "a discount above the price": (
        bundle({"price": "5.00", "discount_price": "6.00"}), "discount-not-below-price", "6.00"
    ),
    "an end without a discount": (bundle({"discount_ends": "2030-01-01T00:00:00Z"}), "discount-missing", ""),
    "an unknown level": (bundle({"level": "expert"}), "bundle-invalid", "course.level"),
    "a video that is no web address": (
        bundle(modules=outline(video_url="javascript:alert(1)")), "bundle-invalid", "modules.0.lessons.0.video_url"
    ),
    "a lesson too long": (
        bundle(modules=outline(content="x" * 200_001)), "bundle-invalid", "modules.0.lessons.0.content"
    ),
    "ten thousand lessons": (
        bundle(modules=[{"title": "M", "lessons": [{"title": "L"}] * 10_000}]), "too-many-lessons", "10000"
    ),
    "more than ten thousand lessons": (
        bundle(modules=[{"title": "M", "lessons": [{"title": "L"}] * 10_001}]), "bundle-invalid", "modules.0.lessons"
    ),
    "ten thousand modules": (bundle(modules=[{"title": "M"}] * 10_000), "too-many-modules", "10000"),
    "too many resources": (
        bundle(modules=outline(*[{"title": "R"}] * 7)), "too-many-resources", "7"
    ),
    "a link without an address": (
        bundle(modules=outline({"title": "R", "type": "link"})), "bundle-invalid", "resources.0"
    ),
    "a link with a file": (
        bundle(modules=outline(filed(type="link", url="https://a.example/"))), "bundle-invalid", "resources.0"
    ),
    "a file that is not there": (bundle(modules=outline(filed())), "archive-file-refused", "no such file"),
    "a path out of the archive": (
        bundle(modules=outline(filed("../../etc/passwd"))), "archive-file-refused", "no such file"
    ),
    "another file than was meant": (
        bundle(files={"files/a.pdf": PDF}, modules=outline(filed(sha256="0" * 64))),
        "archive-file-refused",
        "not the one",
    ),
    "a file of another size": (
        bundle(files={"files/a.pdf": PDF}, modules=outline(filed(size=1))), "archive-file-refused", "not the one"
    ),
    "a program": (
        bundle(files={"files/a.pdf": b"MZ\x90\x00\x03" + bytes(20)}, modules=outline(filed())),
        "archive-file-refused",
        "not what the name says",
    ),
    "a page": (
        bundle(files={"a.html": b"<!doctype html><script>"}, modules=outline(filed("a.html", "a.html"))),
        "archive-file-refused",
        "not of a kind",
    ),
    "no video": (
        bundle(files={"files/a.pdf": PDF}, modules=outline(filed(type="video"))), "archive-file-refused", "another kind"
    ),
    "an empty file": (
        bundle(files={"files/a.pdf": b""}, modules=outline(filed())), "archive-file-refused", "no content"
    ),
    "the second of two files": (
        bundle(
            files={"files/a.pdf": PDF, "b.pdf": b"no pdf\x00"}, modules=outline(filed(), filed("b.pdf"))
        ),
        "archive-file-refused",
        "not what the name says",
    ),
    "a picture that is none": (
        bundle({"thumbnail": {"path": "a.webp"}}, {"a.webp": PDF, "files/a.pdf": PDF}, modules=outline(filed())),
        "archive-file-refused",
        "pictures",
    ),
    "a picture that is not there": (
        bundle({"thumbnail": {"path": "a.webp"}}, {"files/a.pdf": PDF}, modules=outline(filed())),
        "archive-file-refused",
        "no such file",
    ),
    "no course of any kind": (zipped({"index.html": "x"}), "course-format-unknown", "course.json"),
    "a course in a folder beside others": (
        zipped({"looms/course.json": document(), "a.txt": "x"}), "course-format-unknown", "At the top"
    ),
    "nothing": (b"", "not-an-archive", ""),
    "a bomb": (zipped({"course.json": document(), "zeros": bytes(9 * MIB)}), "archive-bomb", "200"),
    "small bombs": (
        zipped({"course.json": document(), **{f"{n}": bytes(MIB) for n in range(65)}}), "archive-bomb", "200"
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", REFUSED)
async def test_what_is_refused_leaves_nothing(
    carrier: Any, database: Database, storage: Storage, stored: Any, what: str
) -> None:
    content, slug, told = REFUSED[what]
    status, found, problem = await carrier.refused(content)
    assert found == slug
    assert status in (409, 413, 415, 422)
    assert told in problem.get("detail", "")
    if found == "archive-file-refused":
        assert problem["entry"]
        assert problem["reason"]
    await nothing_is_left(database, storage, stored)


async def test_what_is_said_of_many_mistakes_is_little(carrier: Any) -> None:
    lessons = [{"title": "", "content": 1, "q": 1}] * 5000
    told = document(modules=[{"title": "M", "lessons": lessons}] * 20)
    _, slug, problem = await carrier.refused(zipped({"course.json": told}, zipfile.ZIP_STORED))
    assert slug == "bundle-invalid"
    assert len(problem["errors"]) <= 20
    assert problem["errors"][0]["loc"] == ["modules", 0, "lessons", 0, "title"]


@pytest.mark.parametrize(
    ("setting", "value", "status", "slug"),
    [
        ("max_archive_bytes", 1000, 413, "archive-too-large"),
        ("max_upload_bytes", 1000, 413, "archive-unpacks-too-large"),
        ("max_unpacked_bytes", 1000, 413, "archive-unpacks-too-large"),
        ("max_archive_entries", 2, 413, "archive-too-many-entries"),
        ("max_course_document_bytes", 100, 413, "archive-unpacks-too-large"),
        ("max_archive_ratio", 1, 422, "archive-bomb"),
        ("max_spooled_bytes", 1000, 503, "unavailable"),
        ("imports_at_once", 0, 503, "unavailable"),
        ("import_timeout", 1e-9, 503, "import-took-too-long"),
    ],
)
async def test_limits_are_settings(
    carrier: Any,
    app: Any,
    database: Database,
    storage: Storage,
    stored: Any,
    monkeypatch: pytest.MonkeyPatch,
    setting: str,
    value: Any,
    status: int,
    slug: str,
) -> None:
    content = bundle(files={"files/a.pdf": PDF, "b.pdf": LARGE}, modules=outline(filed(), filed("b.pdf")))
    monkeypatch.setitem(app.state.settings.__dict__, setting, value)

    async def streamed() -> AsyncIterator[bytes]:
        for at in range(0, len(content), 500):
            yield content[at : at + 500]

    for body in (content, streamed()):
        assert (await carrier.refused(body))[:2] == (status, slug)
    await nothing_is_left(database, storage, stored)
    monkeypatch.undo()
    assert (await carrier.take(content))["report"]["taken"]["files"] == 2


async def test_forms_are_refused(carrier: Any) -> None:
    answer = await carrier.post(bundle(), headers={"Content-Type": "multipart/form-data; boundary=x"})
    assert answer.status_code == 415
    answer = await carrier.post(bundle(), headers={"Content-Type": "application/octet-stream"})
    assert answer.status_code == 201


async def test_without_a_storage_it_says_so(carrier: Any, app: Any, settings: Any) -> None:
    app.state.storage = Storage(settings.model_copy(update={"storage_url": None}))
    content = bundle(files={"files/a.pdf": PDF}, modules=outline(filed()))
    assert (await carrier.refused(content))[0] == 503


# --- what happens meanwhile -------------------------------------------------------------------------------------


async def test_gigabytes_that_break_off_leave_nothing(
    carrier: Any, app: Any, database: Database, storage: Storage, stored: Any
) -> None:
    """Over a real connection: they are announced, some come, and the line is cut."""
    token = carrier.studio.author["Authorization"]
    content = bundle(files={"files/a.pdf": PDF}, modules=outline(filed()))
    async with serving(app) as url:
        _, writer = await asyncio.open_connection("127.0.0.1", int(url.rpartition(":")[2]))
        writer.write(
            f"POST /api/v1/courses/import HTTP/1.1\r\nHost: x\r\nContent-Type: application/zip\r\n"
            f"Authorization: {token}\r\nContent-Length: {2**30}\r\n\r\n".encode()
        )
        writer.write(content)
        for _ in range(12):
            writer.write(bytes(MIB))
            await writer.drain()
        for _ in range(200):
            if spool._spooled > 8 * MIB:
                break
            await asyncio.sleep(0.05)
        assert spool._spooled > 8 * MIB, "it was being kept"
        writer.transport.abort()
        for _ in range(200):
            if not spool._spooled:
                break
            await asyncio.sleep(0.05)
    await nothing_is_left(database, storage, stored)


@pytest.mark.parametrize("what", ["suspended", "category"])
async def test_what_changes_meanwhile_is_seen_at_the_end(
    carrier: Any, database: Database, storage: Storage, stored: Any, deliver: Any, events: Any, what: str
) -> None:
    content = bundle(files={"files/a.pdf": PDF}, modules=outline(filed()))
    other = await carrier.studio.category("Weaving")

    async def slowly() -> AsyncIterator[bytes]:
        yield content[:1000]
        if what == "suspended":
            await deliver(events.instructor(3, status="suspended", version=2))
        else:
            await carrier.studio.ask(
                "DELETE", f"/categories/{other}", expect=204, headers=carrier.studio.admin
            )
        yield content[1000:]

    expected = {"suspended": (403, "instructor-not-approved"), "category": (422, "category-unknown")}
    assert (await carrier.refused(slowly(), category_id=other))[:2] == expected[what]
    await nothing_is_left(database, storage, stored)


async def test_a_defect_at_the_end_leaves_nothing(
    carrier: Any, database: Database, storage: Storage, stored: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its files are let go of at once: nobody waits for the transaction that was to have them."""

    record, records = courses.record_change, 0

    async def fails(*given: Any) -> None:
        nonlocal records
        records += 1
        if records == 2:
            raise LookupError("a defect of ours")
        await record(*given)

    content = bundle(files={"files/a.pdf": PDF}, modules=outline(filed()))
    with monkeypatch.context() as patched:
        patched.setattr(courses, "record_change", fails)
        assert (await carrier.refused(content))[:2] == (500, "internal")
    await nothing_is_left(database, storage, stored)


async def test_many_at_once_are_courses_of_their_own(
    carrier: Any, database: Database, storage: Storage, stored: Any
) -> None:
    content = bundle(files={"files/a.pdf": PDF}, modules=outline(filed()))
    answers = await asyncio.gather(*(carrier.post(content) for _ in range(4)))
    assert [answer.status_code for answer in answers] == [201] * 4
    assert len({answer.json()["slug"] for answer in answers}) == 4
    await files.remove_unwanted(database, storage)
    assert len(stored()) == 4, "each has its own file"


async def test_sent_again_under_its_key_it_is_one_course(
    carrier: Any, database: Database, storage: Storage, stored: Any
) -> None:
    content = bundle(files={"files/a.pdf": PDF}, modules=outline(filed()))
    key = {"Idempotency-Key": "import-1"}
    first = await carrier.post(content, headers=key)
    second = await carrier.post(content, headers=key)
    assert (first.status_code, second.status_code) == (201, 201)
    assert second.headers["idempotency-replayed"] == "true"
    assert second.json() == first.json()
    assert len(stored()) == 1
    other = await carrier.post(bundle(), headers=key)
    assert (other.status_code, other.json()["type"]) == (422, "/problems/idempotency-key-reused")


async def test_a_course_goes_with_its_files(
    carrier: Any, database: Database, storage: Storage, stored: Any
) -> None:
    content = bundle(
        {"thumbnail": {"path": "t.png"}},
        {"files/a.pdf": PDF, "t.png": photo()},
        modules=outline(filed(), filed()),
    )
    made = await carrier.take(content)
    assert len(stored()) == 3, "one file in the archive, which two resources have, is two in the storage"
    await carrier.studio.ask("DELETE", f"/courses/{made['id']}", expect=204, headers=carrier.studio.author)
    await nothing_is_left(database, storage, stored)


# --- other formats ----------------------------------------------------------------------------------------------


def read_notes(archive: Archive) -> Converted:
    """A format of these tests: a list of the files of one lesson."""
    report = Report("notes")
    listed = [line.split("=") for line in archive.read("notes.txt").decode().splitlines()]
    for kind, path in listed:
        report.take(kind, 1) if kind != "what" else report.leave(path, "Nobody knows what that is.")
    resources = [filed(path, path, type=kind) for kind, path in listed if kind != "what"]
    told = {"course": {"title": "Notes", "thumbnail": {"path": "t.png"}}, "modules": outline(*resources)}
    return Converted(bundle_of(told), report)


async def test_of_another_format_what_cannot_be_taken_is_left_and_told(
    carrier: Any, app: Any, stored: Any
) -> None:
    app.state.course_formats = (*app.state.course_formats, Format("notes", "notes.txt", read_notes))
    [category] = (await carrier.studio.ask("GET", "/categories"))["items"]
    listed = "document=a.pdf\ndocument=b.exe\nvideo=gone.mp4\nwhat=quiz.xml\ndocument=A.PDF"
    content = zipped({"notes.txt": listed, "a.pdf": PDF, "b.exe": b"MZ\x90", "t.png": b"no picture"})
    assert (await carrier.refused(content))[1] == "category-needed"
    made = await carrier.take(content, category_id=category["id"])
    report = made["report"]
    assert (report["format"], made["title"]) == ("notes", "Notes")
    assert [left["what"] for left in report["left"]] == ["quiz.xml", "b.exe", "gone.mp4", "t.png"]
    counts = {"modules": 1, "lessons": 1, "resources": 2, "files": 2, "thumbnail": 0}
    assert report["taken"] == {"document": 3, "video": 1, **counts}
    lesson_id = made["modules"][0]["lessons"][0]["id"]
    listing = await carrier.studio.ask(
        "GET", f"/lessons/{lesson_id}/resources", headers=carrier.studio.author
    )
    assert [(each["order"], each["file"]) for each in listing["items"]] == [(0, "a.pdf"), (1, "A.PDF")]
    assert len(stored()) == 2


async def test_damage_refuses_whatever_the_format(
    carrier: Any, app: Any, database: Database, storage: Storage, stored: Any
) -> None:
    app.state.course_formats = (*app.state.course_formats, Format("notes", "notes.txt", read_notes))
    [category] = (await carrier.studio.ask("GET", "/categories"))["items"]
    content = zipped({"notes.txt": "document=a.pdf\ndocument=b.pdf", "a.pdf": PDF, "b.pdf": PDF}, 0)
    at = content.rindex(PDF) + 5000
    broken = content[:at] + b"\x00\x01" + content[at + 2 :]
    status, slug, problem = await carrier.refused(broken, category_id=category["id"])
    assert (status, slug, problem["entry"]) == (422, "archive-damaged", "b.pdf")
    await nothing_is_left(database, storage, stored)


def test_the_example_of_the_page_is_a_course() -> None:
    page = Path(__file__).resolve().parents[4] / "docs" / "course-archives.md"
    example = page.read_text().split("```json")[1].split("```")[0]
    assert [len(module.lessons) for module in bundle_of(json.loads(example)).modules] == [1]
