"""Who may begin, see, publish, discard and restore versions; and what is refused meanwhile."""

import asyncio

import pytest
from catalog.courses.models import Course
from catalog.outline.models import Lesson
from contracts.catalog import CourseDeleted
from sqlalchemy import func, select

TOMBSTONE = 90_412


async def test_one_draft_a_course(studio, editor):
    course = await studio.published()
    draft = await editor.draft(course.id)
    path = f"/courses/{course.id}/versions"
    refused = await studio.ask("POST", path, expect=409, headers=studio.author)
    assert (refused["type"], refused["draft_id"]) == ("/problems/edited-in-draft", draft["id"])
    for method, there in (("POST", path), ("POST", f"{path}/{course.id}/restore")):
        there = there.replace(f"/courses/{course.id}/", f"/courses/{draft['id']}/")
        refused = await studio.ask(method, there, expect=409, headers=studio.author)
        assert (refused["type"], refused["course_id"]) == ("/problems/is-a-version", course.id)
    await studio.ask("DELETE", f"/courses/{draft['id']}", expect=204, headers=studio.author)
    assert (await editor.draft(course.id))["version"] == "1.1"


async def test_two_drafts_at_once_are_one(studio, editor):
    course = await studio.published()
    path = f"/api/v1/courses/{course.id}/versions"
    answers = await asyncio.gather(*(studio.client.post(path, headers=studio.author) for _ in range(4)))
    assert sorted(a.status_code for a in answers) == [201, 409, 409, 409]
    assert [state for _, state in await editor.versions(course.id)] == ["draft", "current"]


async def test_publishing_a_draft_twice_at_once_publishes_once(studio, editor, published):
    course = await studio.published()
    draft = await editor.draft(course.id)
    before = len(await published())
    paths = [f"/api/v1/courses/{draft['id']}/publish"] * 3 + [f"/api/v1/courses/{course.id}/publish"]
    answers = await asyncio.gather(*(studio.client.post(path, headers=studio.author) for path in paths))
    assert [a.status_code for a in answers].count(200) >= 1
    assert {a.status_code for a in answers} <= {200, 409}
    assert await editor.versions(course.id) == [("1.1", "current"), ("1.0", "archived")]
    assert len(await published()) == before + 2


async def test_a_draft_edited_while_it_is_published_is_whole_before_or_after(studio, editor):
    course = await studio.published()
    draft = await editor.draft(course.id)
    copy, lesson = draft["modules"][0]["lessons"][0]["id"], course.lessons[0][0]
    edit = studio.client.patch(f"/api/v1/lessons/{copy}", headers=studio.author, json={"content": "raced"})
    publish = studio.client.post(f"/api/v1/courses/{draft['id']}/publish", headers=studio.author)
    edited, answer = await asyncio.gather(edit, publish)
    assert answer.status_code == 200
    assert edited.status_code in (200, 409)
    shown = await studio.ask("GET", f"/lessons/{lesson}", headers=studio.author)
    kept = await studio.ask("GET", f"/lessons/{copy}", headers=studio.author)
    assert shown["content"] == kept["content"] == ("raced" if edited.status_code == 200 else "whole 0A")


async def test_a_course_with_a_draft_is_edited_there(studio, editor):
    course = await studio.published(price="49.00")
    draft = await editor.draft(course.id)
    a, b = course.lessons
    order = {
        "modules": [{"id": m, "lessons": x} for m, x in zip(course.modules, course.lessons, strict=True)]
    }
    for method, path, body in [
        ("PATCH", f"/courses/{course.id}", {"title": "Other", "price": "59.00"}),
        ("PUT", f"/courses/{course.id}/order", order),
        ("POST", f"/courses/{course.id}/modules", {"title": "x"}),
        ("PATCH", f"/modules/{course.modules[0]}", {"title": "x"}),
        ("DELETE", f"/modules/{course.modules[0]}", None),
        ("POST", f"/modules/{course.modules[0]}/lessons", {"title": "x"}),
        ("PATCH", f"/lessons/{a[0]}", {"content": "x"}),
        ("DELETE", f"/lessons/{b[0]}", None),
        ("POST", f"/courses/{course.id}/publish", None),
        ("POST", f"/courses/{course.id}/versions/{course.id}/restore", None),
    ]:
        refused = await studio.ask(method, path, expect=409, headers=studio.author, json=body)
        assert (refused["type"], refused["draft_id"]) == ("/problems/edited-in-draft", draft["id"]), path
    other = await studio.category("Arts")
    live = {"price": "59.00", "discount_price": "9.00", "category_id": other}
    shown = await studio.ask("PATCH", f"/courses/{course.id}", headers=studio.author, json=live)
    assert (shown["price"], shown["effective_price"], shown["category_id"]) == ("59.00", "9.00", other)
    seen = await studio.ask("GET", f"/courses/{draft['id']}", headers=studio.author)
    assert (seen["price"], seen["effective_price"], seen["category_id"]) == ("59.00", "9.00", other)
    path = f"/courses/{draft['id']}"
    refused = await studio.ask(
        "PATCH", path, expect=409, headers=studio.author, json={"price": "1.00", "title": "x"}
    )
    assert (refused["type"], refused["fields"], refused["course_id"]) == (
        "/problems/not-versioned",
        ["price"],
        course.id,
    )
    await studio.ask("PATCH", path, headers=studio.author, json={"price": "59.00", "title": "Other"})
    await studio.ask("DELETE", path, expect=204, headers=studio.author)
    await editor.write(a[0], "in place again")


async def test_what_was_published_stays_as_it_was(studio, editor):
    course = await studio.published()
    draft = await editor.draft(course.id)
    module, lesson = draft["modules"][0]["id"], draft["modules"][0]["lessons"][0]["id"]
    await editor.publish(draft["id"])
    old = await editor.id_of(course.id, "1.0")
    for version in (old, draft["id"]):
        shown = await studio.ask("GET", f"/courses/{version}", headers=studio.author)
        assert (shown["is_draft"], shown["is_published"], shown["parent_version_id"]) == (
            False,
            False,
            course.id,
        )
        for method, path, body in [
            ("PATCH", f"/courses/{version}", {"title": "x"}),
            ("POST", f"/courses/{version}/modules", {"title": "x"}),
            ("POST", f"/courses/{version}/publish", None),
            ("POST", f"/courses/{version}/unpublish", None),
            ("POST", f"/courses/{version}/preview-token", None),
            ("DELETE", f"/courses/{version}", None),
        ]:
            refused = await studio.ask(method, path, expect=409, headers=studio.author, json=body)
            assert (refused["type"], refused["course_id"]) == ("/problems/version-archived", course.id), path
    for method, path, body in [
        ("PATCH", f"/modules/{module}", {"title": "x"}),
        ("PATCH", f"/lessons/{lesson}", {"title": "x"}),
        ("DELETE", f"/lessons/{lesson}", None),
    ]:
        refused = await studio.ask(method, path, expect=409, headers=studio.author, json=body)
        assert refused["type"] == "/problems/version-archived"
    listed = await studio.ask("GET", f"/courses/{old}/modules", headers=studio.author)
    assert [m["title"] for m in listed["items"]] == ["Module 0", "Module 1"]


async def test_nobody_else_knows_of_versions(studio, editor, events, deliver, auth):
    course = await studio.published()
    await deliver(events.enrolled(1, 7, course.id))
    draft = await editor.draft(course.id)
    module, lesson = draft["modules"][0]["id"], draft["modules"][0]["lessons"][0]["id"]
    paths = [
        f"/courses/{draft['id']}",
        f"/courses/{draft['slug']}",
        f"/courses/{draft['id']}/modules",
        f"/courses/{draft['id']}/versions",
        f"/courses/{draft['id']}/reviews",
        f"/modules/{module}",
        f"/modules/{module}/lessons",
        f"/lessons/{lesson}",
    ]
    for headers in (None, studio.learner, studio.other, auth(9, "student", tier="premium")):
        for path in paths:
            expect = 401 if headers is None and path.endswith("/versions") else 404
            await studio.ask("GET", path, expect=expect, headers=headers)
    for headers, public in ((studio.learner, 403), (studio.other, 403)):
        await studio.ask("GET", f"/courses/{course.id}/versions", expect=public, headers=headers)
        await studio.ask("POST", f"/courses/{course.id}/versions", expect=public, headers=headers)
        path = f"/courses/{course.id}/versions/{draft['id']}/restore"
        await studio.ask("POST", path, expect=public, headers=headers)
        await studio.ask("POST", f"/courses/{draft['id']}/publish", expect=404, headers=headers)
        await studio.ask("DELETE", f"/courses/{draft['id']}", expect=404, headers=headers)
        await studio.ask("PATCH", f"/lessons/{lesson}", expect=404, headers=headers, json={"title": "x"})
    for path in (f"/courses/{course.id}/versions", f"/courses/{course.id}/versions/1/restore"):
        await studio.ask("POST", path, expect=401)
    await studio.ask("GET", f"/courses/{course.id}/versions", expect=401)
    assert len((await studio.ask("GET", "/courses"))["items"]) == 1
    assert (await studio.ask("GET", "/courses?q=Analytical"))["items"][0]["id"] == course.id
    mine = await studio.ask("GET", "/courses?teaching=me", headers=studio.author)
    assert [c["id"] for c in mine["items"]] == [course.id], "versions are found by way of their course"
    assert [c["course_count"] for c in (await studio.ask("GET", "/categories"))["items"]] == [1]


async def test_those_who_teach_it_with_others(studio, editor, events, deliver):
    course = await studio.published()
    await deliver(events.co_instructor(course.id, 4, can_edit_content=False))
    draft = await editor.draft(course.id)
    await studio.ask("GET", f"/courses/{draft['id']}", headers=studio.other)
    listed = await studio.ask("GET", f"/courses/{course.id}/versions", headers=studio.other)
    assert [v["state"] for v in listed["items"]] == ["draft", "current"]
    path = f"/courses/{draft['id']}"
    for method, there in (("PATCH", path), ("POST", f"{path}/publish"), ("DELETE", path)):
        body = {"title": "x"} if method == "PATCH" else None
        refused = await studio.ask(method, there, expect=403, headers=studio.other, json=body)
        assert refused["type"] == "/problems/no-right-to-edit"
    await deliver(events.co_instructor(course.id, 4, version=2))
    await studio.ask("PATCH", path, headers=studio.other, json={"title": "By the other"})
    shown = await studio.ask("POST", f"{path}/publish", headers=studio.other)
    assert shown["title"] == "By the other"
    newest, oldest = await editor.history(course.id)
    assert (newest["published_by_id"], oldest["published_by_id"]) == (4, 3)
    shown = await studio.ask(
        "POST", f"/courses/{course.id}/versions/{oldest['id']}/restore", headers=studio.other
    )
    assert (shown["title"], shown["created_by_id"]) == ("Notes on the Analytical Engine", 3)


async def test_the_staff(studio, editor, auth):
    course = await studio.published()
    draft = await studio.ask("POST", f"/courses/{course.id}/versions", expect=201, headers=studio.admin)
    await studio.ask("GET", f"/courses/{draft['id']}", headers=studio.admin)
    body = {"rating": 5, "content": "Of a draft."}
    await studio.ask("POST", f"/courses/{draft['id']}/reviews", expect=404, headers=studio.admin, json=body)
    await studio.ask("POST", f"/courses/{draft['id']}/publish", headers=studio.admin)
    assert [v["published_by_id"] for v in await editor.history(course.id)] == [1, 3]


async def test_what_is_stale_changes_nothing(studio, editor):
    course = await studio.published()
    draft = await editor.draft(course.id)
    stale = {**studio.author, "If-Match": '"0"'}
    copy = draft["modules"][0]["lessons"][0]["id"]
    path = f"/courses/{draft['id']}"
    await studio.ask("PATCH", path, expect=412, headers=stale, json={"title": "x"})
    await studio.ask("PATCH", f"/lessons/{copy}", expect=412, headers=stale, json={"title": "x"})
    await studio.ask("POST", f"{path}/publish", expect=412, headers=stale)
    answer = await studio.client.get(f"/api/v1{path}", headers=studio.author)
    fresh = {**studio.author, "If-Match": answer.headers["ETag"]}
    await studio.ask("POST", f"{path}/publish", headers=fresh)
    await studio.ask("POST", f"/courses/{course.id}/versions", expect=412, headers=stale)
    old = await editor.id_of(course.id, "1.0")
    there = f"/courses/{course.id}/versions/{old}/restore"
    await studio.ask("POST", there, expect=412, headers=stale)
    assert await editor.versions(course.id) == [("1.1", "current"), ("1.0", "archived")]


async def test_there_is_nothing_to_go_back_to(studio, editor):
    course, other = await studio.published(), await studio.published("Another")
    draft = await studio.course("Never published")
    refused = await studio.ask("POST", f"/courses/{draft.id}/versions", expect=409, headers=studio.author)
    assert refused["type"] == "/problems/no-draft-needed"
    path = f"/courses/{draft.id}/versions/{draft.id}/restore"
    refused = await studio.ask("POST", path, expect=404, headers=studio.author)
    assert refused["type"] == "/problems/version-not-found"
    assert await editor.versions(draft.id) == [("1.0", "draft")]
    theirs = await editor.draft(other.id)
    await editor.publish(theirs["id"])
    for version in (999_999, other.id, await editor.id_of(other.id, "1.0")):
        path = f"/courses/{course.id}/versions/{version}/restore"
        await studio.ask("POST", path, expect=404, headers=studio.author)
    for body in ({"bump": "huge"}, {"more": 1}):
        path = f"/courses/{course.id}/versions"
        await studio.ask("POST", path, expect=422, headers=studio.author, json=body)


async def test_a_long_history_is_paged(studio, editor):
    course = await studio.published()
    for number in range(4):
        await editor.write(course.lessons[0][0], f"edition {number}")
        await editor.publish(course.id)
    seen, cursor = [], ""
    while cursor is not None:
        path = f"/courses/{course.id}/versions?limit=2{cursor and f'&cursor={cursor}'}"
        answer = await studio.ask("GET", path, headers=studio.author)
        seen += [each["version"] for each in answer["items"]]
        cursor = answer["next_cursor"]
    assert seen == ["1.4", "1.3", "1.2", "1.1", "1.0"]


async def test_versions_go_with_their_course(studio, editor, database, published):
    course, other = await studio.published(), await studio.published("Another")
    await editor.publish((await editor.draft(course.id))["id"])
    draft = await editor.draft(course.id)
    await studio.ask("DELETE", f"/courses/{course.id}", expect=204, headers=studio.author)
    await studio.ask("GET", f"/courses/{draft['id']}", expect=404, headers=studio.author)
    told = [e.course_id for e in await published() if isinstance(e, CourseDeleted)]
    assert told == [course.id]
    async with database.transaction() as session:
        assert set(await session.scalars(select(func.coalesce(Course.parent_version_id, Course.id)))) == {
            other.id
        }
        assert await session.scalar(select(func.count(Lesson.id))) == 8


async def test_a_category_is_left_with_all_versions(studio, editor):
    arts = await studio.category("Arts")
    course = await studio.published()
    first = (await studio.ask("GET", f"/courses/{course.id}"))["category_id"]
    await editor.publish((await editor.draft(course.id))["id"])
    body = {"category_id": arts}
    await studio.ask("PATCH", f"/courses/{course.id}", headers=studio.author, json=body)
    await studio.ask("DELETE", f"/categories/{first}", expect=204, headers=studio.admin)
    assert (await editor.restore(course.id, await editor.id_of(course.id, "1.0")))["category_id"] == arts


async def test_who_is_forgotten_is_forgotten_in_versions(
    studio, editor, events, deliver, database, published
):
    course = await studio.published()
    await editor.publish((await editor.draft(course.id))["id"])
    await editor.draft(course.id)
    before = len(await published())
    await deliver(events.erased(3, TOMBSTONE))
    async with database.transaction() as session:
        named = set(await session.scalars(select(Course.created_by_id)))
        named |= set(await session.scalars(select(Course.published_by_id)))
    assert named == {TOMBSTONE, None}
    about = {getattr(e, "course_id", course.id) for e in (await published())[before:]}
    assert about == {course.id}, "nothing is told of versions"


@pytest.mark.parametrize("bump", ["minor", "major"])
async def test_a_preview_of_a_draft_ends_with_it(studio, editor, bump):
    course = await studio.published()
    draft = await editor.draft(course.id, json={"bump": bump})
    assert draft["version"] == {"minor": "1.1", "major": "2.0"}[bump]
    path = f"/courses/{draft['id']}/preview-token"
    link = await studio.ask("POST", path, expect=201, headers=studio.author)
    seen = await studio.ask("GET", f"/preview/{link['token']}")
    assert (seen["id"], seen["version"]) == (draft["id"], draft["version"])
    await editor.publish(draft["id"])
    await studio.ask("GET", f"/preview/{link['token']}", expect=404)
