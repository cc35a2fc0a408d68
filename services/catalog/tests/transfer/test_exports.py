"""Who may take a course out, which version of it, and what happens where its files are not."""

import asyncio
import io
import json
import zipfile
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from catalog.transfer.documents import bundle_of
from chassis.db import Database
from chassis.storage import Storage
from chassis.testing import serving
from chassis.testing_s3 import S3Server
from sqlalchemy import text

from .conftest import PDF, bundle, unzipped

TITLE = "Notes on the Analytical Engine"
HELPER, ASSISTANT = 5, 6


def told(content: bytes) -> Any:
    return json.loads(unzipped(content)["course.json"])


def lessons(content: bytes) -> list[list[str]]:
    return [[lesson["title"] for lesson in module["lessons"]] for module in told(content)["modules"]]


# --- who may ----------------------------------------------------------------------------------------------------


async def test_who_may_take_a_course_out(carrier: Any, deliver: Any, events: Any) -> None:
    studio = carrier.studio
    draft, public = await studio.outlined("Hidden"), await studio.published()
    helper, assistant = studio.auth(HELPER, "instructor"), studio.auth(ASSISTANT, "instructor")
    for course in (draft, public):
        await deliver(
            events.instructor(HELPER),
            events.instructor(ASSISTANT),
            events.co_instructor(course.id, HELPER),
            events.co_instructor(course.id, ASSISTANT, can_edit_content=False),
        )
    for course, hidden in ((draft, 404), (public, 403)):
        expected: tuple[tuple[dict[str, str], int], ...] = (
            ({}, 401),
            (studio.learner, hidden),
            (studio.other, hidden),
            (assistant, 403),
            (helper, 200),
            (studio.author, 200),
            (studio.admin, 200),
        )
        for who, status in expected:
            answer = await carrier.get(course.id, who)
            assert answer.status_code == status, answer.text
    assert (await carrier.get(999_999)).status_code == 404
    await deliver(events.instructor(3, status="suspended", version=2))
    assert (await carrier.get(draft.id)).status_code == 403


async def test_who_may_take_one_in(carrier: Any, deliver: Any, events: Any) -> None:
    studio = carrier.studio
    expected: list[tuple[dict[str, str], int]] = [({}, 401), (studio.learner, 403)]
    expected += [(studio.author, 201), (studio.admin, 201)]
    for who, status in expected:
        assert (await carrier.post(bundle(), who)).status_code == status
    await deliver(events.instructor(3, status="suspended", version=2))
    status, slug, _ = await carrier.refused(bundle())
    assert (status, slug) == (403, "instructor-not-approved")


async def test_who_may_not_is_told_before_anything_is_read(carrier: Any) -> None:
    read = 0

    async def counted() -> Any:
        nonlocal read
        while read < 10:
            read += 1
            yield bytes(1000)

    assert (await carrier.post(counted(), carrier.studio.learner)).status_code == 403
    assert read == 0


# --- which version ----------------------------------------------------------------------------------------------


async def test_what_is_edited_is_taken_out_unless_another_version_is_asked_for(carrier: Any) -> None:
    studio = carrier.studio
    course = await studio.published()
    await carrier.resource(course.lessons[0][0], PDF, "a.pdf", title="The diagrams")
    first = await carrier.export(course.id)
    draft = await studio.ask("POST", f"/courses/{course.id}/versions", expect=201, headers=studio.author)
    assert await carrier.export(course.id) == first, (
        "a draft in which nothing was changed, with the files of its lessons"
    )
    in_draft = draft["modules"][0]["id"]
    await studio.ask(
        "POST", f"/modules/{in_draft}/lessons", expect=201, headers=studio.author, json={"title": "New"}
    )
    await studio.ask("PATCH", f"/courses/{draft['id']}", headers=studio.author, json={"title": "Second"})
    edited = await carrier.export(course.id)
    assert lessons(edited) == [["Lesson 0A", "Lesson 0B", "New"], ["Lesson 1A", "Lesson 1B"]]
    assert told(edited)["course"]["title"] == "Second"
    assert await carrier.export(course.id, version_id=draft["id"]) == edited
    assert await carrier.export(draft["id"]) == edited
    assert await carrier.export(course.id, version_id=course.id) == first
    await studio.ask("POST", f"/courses/{draft['id']}/publish", headers=studio.author)
    assert await carrier.export(course.id) == edited
    listed = await studio.ask("GET", f"/courses/{course.id}/versions", headers=studio.author)
    [archived] = [version["id"] for version in listed["items"] if version["version"] == "1.0"]
    assert await carrier.export(course.id, version_id=archived) == first
    assert await carrier.export(archived) == first


async def test_a_version_of_another_course_is_none(carrier: Any) -> None:
    studio = carrier.studio
    one, other = await studio.published(), await studio.published("Another")
    draft = await studio.ask("POST", f"/courses/{other.id}/versions", expect=201, headers=studio.author)
    for version_id in (other.id, draft["id"], 999_999):
        answer = await carrier.get(one.id, version_id=version_id)
        assert (answer.status_code, answer.json()["type"]) == (404, "/problems/course-not-found")
    assert (await carrier.get(one.id, version_id=0)).status_code == 422


# --- what the archive says --------------------------------------------------------------------------------------


async def test_what_is_written_is_what_can_be_read(carrier: Any) -> None:
    course = await carrier.full()
    document = told(await carrier.export(course.id))
    bundle_of(document)
    written, known = document["course"], bundle_of(document)
    assert set(written) == set(known.course.model_fields_set)
    assert set(document["modules"][0]) == set(type(known.modules[0]).model_fields)
    assert set(document["modules"][0]["lessons"][0]) == set(type(known.modules[0].lessons[0]).model_fields)
    resource = known.modules[0].lessons[0].resources[0]
    assert set(document["modules"][0]["lessons"][0]["resources"][0]) == set(type(resource).model_fields)


async def test_texts_without_an_end_are_refused(
    carrier: Any, app: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    course = await carrier.studio.outlined()
    await carrier.studio.lesson(course, 0, "Long", content="\u00e9" * 600)
    monkeypatch.setitem(app.state.settings.__dict__, "max_course_document_bytes", 1000)
    answer = await carrier.get(course.id)
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/course-too-large")


async def test_what_json_makes_too_long_is_refused_before_it_is_sent(
    carrier: Any, app: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    course = await carrier.studio.outlined()
    await carrier.studio.lesson(course, 0, "Long", content="x" + '"' * 3000 + "x")
    size = len(unzipped(await carrier.export(course.id))["course.json"])
    monkeypatch.setitem(app.state.settings.__dict__, "max_course_document_bytes", size)
    await carrier.take(await carrier.export(course.id))
    monkeypatch.setitem(app.state.settings.__dict__, "max_course_document_bytes", size - 1)
    answer = await carrier.get(course.id)
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/course-too-large")


async def test_what_repeats_itself_comes_in_again(carrier: Any) -> None:
    """Packed as well as it can be, it would be refused as a bomb."""
    course = await carrier.studio.outlined()
    for number in range(6):
        await carrier.studio.lesson(course, 0, f"Long {number}", content="x" * 200_000)
    await carrier.resource(course.lessons[0][0], b"0\n" * 2**20, "zeros.csv", title="Zeros")
    first = await carrier.export(course.id)
    made = await carrier.take(first)
    assert await carrier.export(made["id"]) == first


async def test_a_picture_of_the_old_site_stays_there(carrier: Any, database: Database) -> None:
    course = await carrier.studio.outlined()
    async with database.transaction() as session:
        await session.execute(text("UPDATE courses_course SET thumbnail = 'courses/old.png'"))
    assert told(await carrier.export(course.id))["course"]["thumbnail"] is None


# --- where its files are not ------------------------------------------------------------------------------------


async def test_files_that_are_missing_are_named(carrier: Any, storage: Storage, database: Database) -> None:
    course = await carrier.full()
    async with database.transaction() as session:
        rows = await session.execute(text("SELECT id, title, storage_key FROM courses_resource ORDER BY id"))
        found = [row for row in rows if row.storage_key is not None]
    await storage.delete(found[0].storage_key)
    answer = await carrier.get(course.id)
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/files-missing")
    assert answer.json()["resources"] == [{"id": found[0].id, "title": "The diagrams"}]
    assert answer.json()["thumbnail"] is False
    async for kept in storage.list_below("courses"):
        await storage.delete(kept.key)
    await storage.delete(found[1].storage_key)
    answer = await carrier.get(course.id)
    assert [each["title"] for each in answer.json()["resources"]] == ["The diagrams", "Code"]
    assert answer.json()["thumbnail"] is True


async def test_what_is_cut_short_is_no_archive(
    carrier: Any, app: Any, storage: Storage, database: Database
) -> None:
    """A file goes while the archive is sent: the connection breaks off, and no transaction was open meanwhile."""
    course = await carrier.studio.outlined()
    large = PDF + bytes(48 * 2**20)
    await carrier.resource(course.lessons[0][0], large, "a.pdf", title="Large")
    await carrier.resource(course.lessons[0][0], PDF, "b.pdf", title="Gone")
    keys = sorted([(found.size, found.key) async for found in storage.list_below("resources")])
    path = f"/api/v1/courses/{course.id}/export"
    seen = bytearray()
    async with (
        serving(app) as url,
        httpx.AsyncClient(base_url=url, timeout=20) as client,
        client.stream("GET", path, headers=carrier.studio.author) as answer,
    ):
        assert answer.status_code == 200
        with pytest.raises(httpx.RemoteProtocolError):  # noqa: PT012 - it breaks off somewhere in here
            async for chunk in answer.aiter_raw():
                if not seen:
                    await storage.delete(keys[0][1])
                    await nothing_idles(database)
                seen += chunk
    assert len(seen) > 2**20
    with pytest.raises(zipfile.BadZipFile):
        zipfile.ZipFile(io.BytesIO(bytes(seen)))


async def test_who_goes_away_while_it_is_sent_leaves_nothing_behind(
    carrier: Any, app: Any, database: Database
) -> None:
    course = await carrier.studio.outlined()
    await carrier.resource(course.lessons[0][0], PDF + bytes(48 * 2**20), "a.pdf", title="Large")
    path = f"/api/v1/courses/{course.id}/export"
    async with serving(app) as url, httpx.AsyncClient(base_url=url, timeout=20) as client:
        for _ in range(3):
            async with client.stream("GET", path, headers=carrier.studio.author) as answer:
                assert len(await anext(answer.aiter_raw())) > 0
        await nothing_idles(database)
        whole = await client.get(path, headers=carrier.studio.author)
    assert list(unzipped(whole.content)) == ["course.json", "files/001-001-001/a.pdf"]


async def nothing_idles(database: Database) -> None:
    async with database.transaction() as session:
        idle = await session.scalar(
            text(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
                "AND state LIKE 'idle in transaction%' AND pid <> pg_backend_pid()"
            )
        )
    assert idle == 0


async def test_of_many_who_edit_and_take_out_each_sees_a_whole_course(carrier: Any) -> None:
    """Two modules always change together: no archive has the one without the other."""
    studio = carrier.studio
    course = await studio.outlined()
    orders = [course.modules, course.modules[::-1]]
    whole = []
    for modules in orders:
        places = [{"id": m, "lessons": course.lessons[course.modules.index(m)]} for m in modules]
        whole.append({"modules": places})

    async def edit() -> None:
        for turn in range(6):
            await studio.ask(
                "PUT", f"/courses/{course.id}/order", headers=studio.author, json=whole[turn % 2]
            )

    async def take_out() -> list[str]:
        return [json.dumps(lessons(await carrier.export(course.id))) for _ in range(6)]

    _, first, second = await asyncio.gather(edit(), take_out(), take_out())
    possible = [["Lesson 0A", "Lesson 0B"], ["Lesson 1A", "Lesson 1B"]]
    assert set(first + second) <= {json.dumps(possible), json.dumps(possible[::-1])}


# --- in a bucket ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def s3() -> Iterator[S3Server]:
    with S3Server() as server:
        yield server


@pytest.fixture
async def bucket(app: Any, settings: Any, s3: S3Server) -> Storage:
    storage = Storage(settings.model_copy(update=s3.settings("catalog")))
    app.state.storage = storage
    return storage


async def test_a_round_trip_in_a_real_bucket(carrier: Any, bucket: Storage, s3: S3Server) -> None:
    course = await carrier.full()
    large = PDF + bytes(range(256)) * 4096 * 18
    await carrier.resource(course.lessons[0][1], large, "large.pdf", title="Large")
    first = await carrier.export(course.id)
    assert unzipped(first)["files/001-002-001/large.pdf"] == large
    made = await carrier.take(first)
    assert made["report"]["taken"]["files"] == 3
    assert await carrier.export(made["id"]) == first
    before = {found.key async for found in bucket.list_below("resources")}
    broken = first[: len(first) // 2]
    assert (await carrier.refused(broken))[1] == "archive-damaged"
    assert {found.key async for found in bucket.list_below("resources")} == before
    assert s3.unfinished_uploads() == []
