"""Downloads: whole, in parts, counted, gated."""

import asyncio
from typing import Any

import pytest
from contracts.catalog import ResourceDownloaded
from sqlalchemy import text

PDF = b"%PDF-1.7\n" + bytes(range(256)) * 40


async def test_a_file_is_saved_and_never_run(shelf: Any) -> None:
    resource_id = await shelf.filed(name="R\u00e9sum\u00e9.pdf")
    answer = await shelf.get(resource_id, shelf.studio.learner)
    assert (answer.status_code, answer.content) == (200, PDF)
    headers = answer.headers
    assert headers["content-type"] == "application/pdf"
    assert headers["content-length"] == str(len(PDF))
    assert headers["content-disposition"] == (
        "attachment; filename=\"Resume.pdf\"; filename*=UTF-8''R%C3%A9sum%C3%A9.pdf"
    )
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["content-security-policy"] == "default-src 'none'; sandbox"
    assert headers["cache-control"] == "private, no-cache"
    assert headers["accept-ranges"] == "bytes"


async def test_parts(shelf: Any) -> None:
    resource_id = await shelf.filed()
    who = shelf.studio.learner
    tag = (await shelf.get(resource_id, who)).headers["etag"]
    part = await shelf.get(resource_id, who, Range="bytes=100-199")
    assert (part.status_code, part.content) == (206, PDF[100:200])
    assert part.headers["content-range"] == f"bytes 100-199/{len(PDF)}"
    assert part.headers["content-length"] == "100"
    assert (await shelf.get(resource_id, who, Range="bytes=-5")).content == PDF[-5:]
    rest = await shelf.get(resource_id, who, Range="bytes=200-", **{"If-Range": tag})
    assert (rest.status_code, rest.content) == (206, PDF[200:])
    other = await shelf.get(resource_id, who, Range="bytes=200-", **{"If-Range": '"another"'})
    assert (other.status_code, other.content) == (200, PDF)
    several = await shelf.get(resource_id, who, Range="bytes=0-1,5-6")
    assert (several.status_code, several.content) == (200, PDF)
    beyond = await shelf.get(resource_id, who, Range=f"bytes={len(PDF)}-")
    assert beyond.status_code == 416
    assert beyond.headers["content-range"] == f"bytes */{len(PDF)}"
    assert beyond.json()["type"] == "/problems/range-not-satisfiable"
    known = await shelf.get(resource_id, who, **{"If-None-Match": tag})
    assert (known.status_code, known.content) == (304, b"")
    head = await shelf.studio.client.head(f"/api/v1/resources/{resource_id}/download", headers=who)
    assert (head.status_code, head.content) == (200, b"")
    assert (head.headers["content-length"], head.headers["etag"]) == (str(len(PDF)), tag)


async def test_a_replaced_file_is_another(shelf: Any) -> None:
    resource_id = await shelf.filed()
    who = shelf.studio.learner
    tag = (await shelf.get(resource_id, who)).headers["etag"]
    await shelf.put(resource_id, PDF + b"more")
    again = await shelf.get(resource_id, who, Range="bytes=200-", **{"If-Range": tag, "If-None-Match": tag})
    assert (again.status_code, again.content) == (200, PDF + b"more")


async def test_what_is_begun_is_counted_once_and_told(shelf: Any, published: Any) -> None:
    resource_id = await shelf.filed()
    who = shelf.studio.learner
    await shelf.get(resource_id, who)
    tag = (await shelf.get(resource_id, who, Range="bytes=0-99")).headers["etag"]
    assert await shelf.count(resource_id) == 2
    await shelf.get(resource_id, who, Range="bytes=100-")
    await shelf.get(resource_id, who, **{"If-None-Match": tag})
    await shelf.get(resource_id, who, Range="bytes=999999-")
    await shelf.studio.client.head(f"/api/v1/resources/{resource_id}/download", headers=who)
    assert await shelf.count(resource_id) == 2
    told = [event for event in await published() if isinstance(event, ResourceDownloaded)]
    assert [(e.resource_id, e.lesson_id, e.course_id, e.user_id) for e in told] == [
        (resource_id, shelf.lesson_id, shelf.course.id, 7)
    ] * 2


async def test_the_count_is_exact_in_a_race_and_no_edit(shelf: Any, database: Any) -> None:
    resource_id = await shelf.filed()
    before = await shelf.studio.client.get(f"/api/v1/resources/{resource_id}", headers=shelf.studio.author)
    path = f"/resources/{resource_id}"
    answers = await asyncio.gather(
        *(shelf.get(resource_id, shelf.studio.learner) for _ in range(20)),
        shelf.studio.ask("PATCH", path, headers=shelf.studio.author, json={"duration_minutes": 4}),
    )
    assert {answer.status_code for answer in answers[:-1]} == {200}
    after = await shelf.studio.client.get(f"/api/v1/resources/{resource_id}", headers=shelf.studio.author)
    assert after.json()["download_count"] == before.json()["download_count"] + 20
    assert after.headers["etag"] == '"3"'
    async with database.transaction() as session:
        told = await session.scalar(
            text("SELECT count(*) FROM outbox WHERE type LIKE '%resource.downloaded%'")
        )
    assert told == 20


async def test_who_may_have_it(shelf: Any, auth: Any, deliver: Any, events: Any) -> None:
    studio = shelf.studio
    resource_id = await shelf.filed()
    guest = await shelf.get(resource_id)
    assert (guest.status_code, guest.json()["unlock"]) == (401, ["login"])
    assert (await shelf.get(resource_id, studio.learner)).status_code == 200
    await studio.ask("PATCH", f"/resources/{resource_id}", headers=studio.author, json={"premium": True})
    guest = await shelf.get(resource_id)
    assert (guest.status_code, guest.json()["type"]) == (401, "/problems/resource-needs-login")
    assert guest.headers["www-authenticate"].startswith("Bearer")
    refused = await shelf.get(resource_id, studio.learner)
    assert (refused.status_code, refused.json()["unlock"]) == (403, ["enroll", "subscribe"])
    assert (await shelf.get(resource_id, studio.other)).status_code == 403
    counted = await shelf.count(resource_id)
    for headers in (studio.author, studio.admin, auth(8, "student", "premium")):
        assert (await shelf.get(resource_id, headers)).status_code == 200
    await deliver(events.enrolled(1, 7, shelf.course.id))
    assert (await shelf.get(resource_id, studio.learner)).status_code == 200
    assert await shelf.count(resource_id) == counted + 4
    await deliver(events.dropped(1, 7, shelf.course.id))
    assert (await shelf.get(resource_id, studio.learner)).status_code == 403


async def test_guests_have_what_is_for_guests(shelf: Any, published: Any) -> None:
    resource_id = await shelf.filed()
    await shelf.studio.ask(
        "PATCH", f"/lessons/{shelf.lesson_id}", headers=shelf.studio.author, json={"access_level": "guest"}
    )
    assert (await shelf.get(resource_id)).content == PDF
    [told] = [event for event in await published() if isinstance(event, ResourceDownloaded)]
    assert told.user_id is None


async def test_where_there_is_no_file(shelf: Any, storage: Any) -> None:
    made = await shelf.add()
    answer = await shelf.get(made["id"], shelf.studio.learner)
    assert (answer.status_code, answer.json()["type"]) == (404, "/problems/resource-has-no-file")
    assert (await shelf.get(999, shelf.studio.learner)).status_code == 404
    resource_id = await shelf.filed()
    async for found in storage.list_below("resources"):
        await storage.delete(found.key)
    assert (await shelf.get(resource_id, shelf.studio.learner)).status_code == 404
    assert await shelf.count(resource_id) == 0, "nothing was sent"


@pytest.mark.parametrize("wanted", ["bytes=" + "1" * 300 + "-", "x" * 1001])
async def test_silly_ranges(shelf: Any, wanted: str) -> None:
    resource_id = await shelf.filed()
    answer = await shelf.get(resource_id, shelf.studio.learner, Range=wanted)
    assert answer.status_code in (200, 422)
