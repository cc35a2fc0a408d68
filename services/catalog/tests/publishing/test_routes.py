"""Into the catalogue, out of it and in again; and what the other services are told."""

import asyncio

from catalog.settings import Settings
from contracts.catalog import CourseChanged, CoursePublished, CourseUnpublished


async def told_of(published, course, *kinds):
    return [e for e in await published() if isinstance(e, kinds) and e.course_id == course.id]


async def test_what_is_missing_is_listed(studio, published):
    course = await studio.course(description="Too short.")
    await studio.module(course)
    await studio.module(course)
    await studio.lesson(course, 0)
    path = f"/courses/{course.id}/publish"
    refused = await studio.ask("POST", path, expect=422, headers=studio.author)
    assert refused["type"] == "/problems/course-incomplete"
    assert [lack["field"] for lack in refused["missing"]] == ["description", "lessons"]
    assert await told_of(published, course, CoursePublished) == []
    shown = await studio.ask("GET", f"/courses/{course.id}", headers=studio.author)
    assert (shown["completion_percentage"], shown["is_published"]) == (71, False)
    await studio.lesson(course, 1)
    body = {"description": "x" * 100}
    await studio.ask("PATCH", f"/courses/{course.id}", headers=studio.author, json=body)
    shown = await studio.ask("POST", path, headers=studio.author)
    assert (shown["completion_percentage"], shown["completion_status"]) == (100, "complete")
    assert (shown["is_published"], shown["is_draft"], shown["version"]) == (True, False, "1.0")


async def test_the_whole_outline_is_told(studio, published, client, service_auth):
    course = await studio.outlined(price="49.00", discount_price="39.00", has_certificate=True)
    outline = f"/internal/courses/{course.id}/outline"
    assert (await client.get(outline, headers=service_auth("learning"))).status_code == 404
    await studio.ask("POST", f"/courses/{course.id}/publish", headers=studio.author)
    (event,) = await told_of(published, course, CoursePublished)
    assert [m.id for m in event.modules] == course.modules
    assert [[x.id for x in m.lessons] for m in event.modules] == course.lessons
    assert (event.title, event.course_version) == ("Notes on the Analytical Engine", "1.0")
    assert (str(event.price), str(event.discount_price), event.currency) == ("49.00", "39.00", "USD")
    assert event.published_at == event.first_published_at
    kept = await client.get(outline, headers=service_auth("learning"))
    assert kept.json() == event.model_dump(mode="json")
    # What was edited since has not been told yet.
    await studio.lesson(course, 0, "Later")
    assert (await client.get(outline, headers=service_auth("learning"))).json() == kept.json()


async def test_publishing_again_tells_what_changed(studio, published):
    course = await studio.published()
    path = f"/courses/{course.id}/publish"
    same = await studio.ask("POST", path, headers=studio.author)
    assert same["version"] == "1.0"
    assert len(await told_of(published, course, CoursePublished)) == 1, "nothing changed, nothing told"
    await studio.lesson(course, 1, "Later")
    shown = await studio.ask("POST", path, headers=studio.author)
    assert shown["version"] == "1.1"
    first, second = await told_of(published, course, CoursePublished)
    assert second.version > first.version
    assert second.course_version == "1.1"
    assert len(second.modules[1].lessons) == 3
    assert second.first_published_at == first.first_published_at < second.published_at
    events = await told_of(published, course, CourseChanged, CoursePublished)
    assert [e.version for e in events] == list(range(1, len(events) + 1))


async def test_publishing_twice_at_once_publishes_once(studio, published):
    course = await studio.outlined()
    path = f"/api/v1/courses/{course.id}/publish"
    answers = await asyncio.gather(*(studio.client.post(path, headers=studio.author) for _ in range(5)))
    assert {a.status_code for a in answers} == {200}
    assert len(await told_of(published, course, CoursePublished)) == 1


async def test_a_course_is_taken_off_and_put_back(studio, published):
    course = await studio.published()
    for _ in range(2):
        shown = await studio.ask("POST", f"/courses/{course.id}/unpublish", headers=studio.author)
    assert (shown["is_published"], shown["is_draft"]) == (False, True)
    assert len(await told_of(published, course, CourseUnpublished)) == 1
    assert (await studio.ask("GET", "/courses"))["items"] == []
    await studio.ask("GET", f"/courses/{course.id}", expect=404)
    last = (await told_of(published, course, CourseChanged))[-1]
    assert not last.is_published
    assert last.first_published_at is not None, "it counts as ever published"
    shown = await studio.ask("POST", f"/courses/{course.id}/publish", headers=studio.author)
    assert (shown["is_published"], shown["version"]) == (True, "1.1")
    assert [c["id"] for c in (await studio.ask("GET", "/courses"))["items"]] == [course.id]


async def test_a_published_course_keeps_what_it_was_published_with(studio):
    course = await studio.published()
    path = f"/courses/{course.id}"
    body = {"description": "Short.", "subtitle": "x"}
    refused = await studio.ask("PATCH", path, expect=422, headers=studio.author, json=body)
    assert [lack["field"] for lack in refused["missing"]] == ["description"]
    assert (await studio.ask("GET", path))["subtitle"] is None
    # What an admin did elsewhere does not stand in an author's way.
    category = (await studio.ask("GET", "/categories"))["items"][0]["id"]
    await studio.ask("PATCH", f"/categories/{category}", headers=studio.admin, json={"is_active": False})
    await studio.ask("PATCH", path, headers=studio.author, json={"subtitle": "x"})


async def test_an_outline_too_large_to_be_told_is_refused(studio, app, published):
    course = await studio.outlined()
    settings = app.state.database.settings
    app.state.database.settings = Settings(**{**settings.model_dump(), "kafka_max_message_bytes": 1200})
    path = f"/courses/{course.id}/publish"
    refused = await studio.ask("POST", path, expect=413, headers=studio.author)
    assert refused["type"] == "/problems/event-too-large"
    app.state.database.settings = settings
    assert await told_of(published, course, CoursePublished) == []
    shown = await studio.ask("GET", f"/courses/{course.id}", headers=studio.author)
    assert not shown["is_published"]


async def test_an_offer_is_of_this_instant_and_for_services_alone(studio, client, service_auth, auth):
    course = await studio.course(price="49.00", discount_price="39.00")
    path = f"/internal/courses/{course.id}/offer"

    async def offer():
        answer = await client.get(path, headers=service_auth("learning"))
        assert answer.status_code == 200
        return answer.json()

    drafted = await offer()
    assert (drafted["is_published"], drafted["effective_price"]) == (False, "39.00")
    body = {"discount_ends": "2020-01-01T00:00:00Z"}
    await studio.ask("PATCH", f"/courses/{course.id}", headers=studio.author, json=body)
    assert (await offer())["effective_price"] == "49.00"
    for headers in ({}, studio.author, studio.admin, {"Authorization": "Bearer nonsense"}):
        for internal in (path, f"/internal/courses/{course.id}/outline"):
            assert (await client.get(internal, headers=headers)).status_code == 401
    missing = await client.get("/internal/courses/999999/offer", headers=service_auth("learning"))
    assert missing.status_code == 404
