"""Previews: one course, for who has the link, until it ends."""

from typing import Any

import pytest
from chassis.db import Database
from sqlalchemy import text


async def link(studio: Any, course: Any, **given: Any) -> dict[str, Any]:
    found: dict[str, Any] = await studio.ask(
        "POST", f"/courses/{course.id}/preview-token", expect=201, headers=studio.author, json=given
    )
    return found


async def test_a_link_opens_a_draft_to_a_stranger(studio: Any) -> None:
    course = await studio.outlined()
    made = await link(studio, course, hours=1)
    assert made["url"].endswith(f"/api/v1/preview/{made['token']}")
    answer = await studio.client.get(f"/api/v1/preview/{made['token']}")
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["referrer-policy"] == "no-referrer"
    shown = answer.json()
    assert shown["id"] == course.id
    assert [[lesson["id"] for lesson in part["lessons"]] for part in shown["modules"]] == course.lessons
    lesson = await studio.ask("GET", f"/preview/{made['token']}/lessons/{course.lessons[0][0]}")
    assert lesson["body"] == "whole 0A"
    assert lesson["content"] is None, "what is the authors' alone stays theirs"
    await studio.ask("GET", f"/courses/{course.id}", expect=404)


async def test_a_link_opens_no_other_course(studio: Any) -> None:
    course, other = await studio.outlined(), await studio.outlined("Another")
    made = await link(studio, course)
    await studio.ask("GET", f"/preview/{made['token']}/lessons/{other.lessons[0][0]}", expect=404)


async def test_a_link_ends_when_it_is_replaced_taken_back_or_over(studio: Any, database: Database) -> None:
    course = await studio.outlined()
    first, second = await link(studio, course), await link(studio, course)
    await studio.ask("GET", f"/preview/{first['token']}", expect=404)
    await studio.ask("GET", f"/preview/{second['token']}")
    for _ in range(2):
        await studio.ask("DELETE", f"/courses/{course.id}/preview-token", expect=204, headers=studio.author)
    await studio.ask("GET", f"/preview/{second['token']}", expect=404)
    third = await link(studio, course)
    async with database.transaction() as session:
        await session.execute(text("UPDATE courses_course SET preview_expiry = now()"))
    await studio.ask("GET", f"/preview/{third['token']}", expect=404)


async def test_only_those_who_may_edit_make_and_end_links(studio: Any) -> None:
    course, public = await studio.outlined(), await studio.published("Public")
    for made, status in ((course, 404), (public, 403)):
        path = f"/api/v1/courses/{made.id}/preview-token"
        for headers in (studio.other, studio.learner):
            assert (await studio.client.post(path, headers=headers)).status_code == status
            assert (await studio.client.delete(path, headers=headers)).status_code == status
        assert (await studio.client.post(path)).status_code == 401
    assert (await link(studio, public))["course_id"] == public.id


async def test_a_link_is_no_edit(studio: Any, published: Any) -> None:
    course = await studio.outlined()
    before = await studio.client.get(f"/api/v1/courses/{course.id}", headers=studio.author)
    told = len(await published())
    await link(studio, course)
    after = await studio.client.get(f"/api/v1/courses/{course.id}", headers=studio.author)
    assert after.headers["etag"] == before.headers["etag"]
    assert after.json() == before.json()
    assert len(await published()) == told


async def test_the_token_is_nowhere_to_be_found(studio: Any, database: Database) -> None:
    course = await studio.outlined()
    made = await link(studio, course)
    async with database.transaction() as session:
        kept = await session.scalar(text("SELECT to_jsonb(c)::text FROM courses_course c"))
    assert kept is not None
    assert made["token"] not in kept
    shown = await studio.client.get(f"/api/v1/courses/{course.id}", headers=studio.author)
    assert "preview_token" not in shown.json()


@pytest.mark.parametrize("given", [{"hours": 0}, {"hours": 721}, {"hours": "x"}, {"days": 1}])
async def test_bad_times_are_refused(studio: Any, given: dict[str, Any]) -> None:
    course = await studio.outlined()
    path = f"/courses/{course.id}/preview-token"
    await studio.ask("POST", path, expect=422, headers=studio.author, json=given)
