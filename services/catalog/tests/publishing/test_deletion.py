"""A course is deleted while somebody may be enrolling in it: learning has the last word."""

import asyncio

import pytest
from chassis.db import Database
from contracts.catalog import CourseChanged, CourseDeleted, CoursePublished, CourseUnpublished
from sqlalchemy import text


def closing(course_id):
    return f"/internal/courses/{course_id}/closing"


@pytest.fixture
def learning_answers(upstream):
    def answer(course_id, enrolled, *, status=200):
        upstream.will_answer(closing(course_id), {"enrolled": enrolled}, status=status, method="POST")

    return answer


async def delete(studio, course, who=None):
    return await studio.client.delete(f"/api/v1/courses/{course.id}", headers=who or studio.author)


async def state(published, course):
    """Of the events of the course: the types in order, and what the newest says of it."""
    told = [event for event in await published() if getattr(event, "course_id", 0) == course.id]
    versions = [event.version for event in told]
    assert versions == sorted(set(versions)), "each a version further"
    return [type(event) for event in told], told[-1]


async def test_learning_is_asked_before_a_course_goes(studio, upstream, published):
    course = await studio.published()
    assert (await delete(studio, course)).status_code == 204
    assert upstream.asked[-1] == ("POST", closing(course.id))
    kinds, _ = await state(published, course)
    assert kinds[-3:] == [CourseUnpublished, CourseChanged, CourseDeleted]
    assert (await delete(studio, course)).status_code == 404


async def test_nobody_is_asked_about_what_was_never_public(studio, upstream, published):
    course = await studio.outlined()
    assert (await delete(studio, course)).status_code == 204
    assert ("POST", closing(course.id)) not in upstream.asked
    assert CourseUnpublished not in (await state(published, course))[0]


async def test_an_enrollment_that_was_not_heard_of_yet_keeps_the_course(
    studio, client, service_auth, learning_answers, published
):
    course = await studio.published()
    before = await studio.ask("GET", f"/courses/{course.id}")
    told = await client.get(f"/internal/courses/{course.id}/outline", headers=service_auth("learning"))
    learning_answers(course.id, True)
    refused = await delete(studio, course)
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/course-has-students")
    after = await studio.ask("GET", f"/courses/{course.id}")
    assert {**after, "updated_date": None} == {**before, "updated_date": None}, "as it was, to whoever looks"
    kinds, last = await state(published, course)
    assert kinds[-4:] == [CourseUnpublished, CourseChanged, CoursePublished, CourseChanged]
    assert last.is_published
    again = await client.get(f"/internal/courses/{course.id}/outline", headers=service_auth("learning"))
    assert {**again.json(), "version": 0} == {**told.json(), "version": 0}
    offer = await client.get(f"/internal/courses/{course.id}/offer", headers=service_auth("learning"))
    assert (offer.json()["is_published"], offer.json()["version"]) == (True, last.version)
    # It counts as published and unchanged.
    count = len(await published())
    await studio.ask("POST", f"/courses/{course.id}/publish", headers=studio.author)
    assert len(await published()) == count
    size = await studio.ask("GET", "/categories")
    assert sum(each["course_count"] for each in size["items"]) == 1


@pytest.mark.parametrize("status", [404, 500])
async def test_a_learning_that_does_not_answer_keeps_the_course(studio, learning_answers, status):
    course = await studio.published()
    learning_answers(course.id, False, status=status)
    refused = await delete(studio, course)
    assert (refused.status_code, refused.json()["type"]) == (503, "/problems/unavailable")
    shown = await studio.ask("GET", f"/courses/{course.id}")
    assert shown["is_published"]


async def test_what_was_edited_and_not_published_stays_so(studio, learning_answers, published):
    course = await studio.published()
    await studio.lesson(course, 0, "Not yet public")
    learning_answers(course.id, True)
    assert (await delete(studio, course)).status_code == 409
    (outline,) = [event for event in (await published())[-2:] if isinstance(event, CoursePublished)]
    assert sum(len(module.lessons) for module in outline.modules) == 4
    shown = await studio.ask("GET", f"/courses/{course.id}")
    assert sum(len(module["lessons"]) for module in shown["modules"]) == 4
    again = await studio.ask("POST", f"/courses/{course.id}/publish", headers=studio.author)
    assert again["version"] == "1.1"


async def test_a_course_off_the_catalogue_stays_off_it(studio, learning_answers, published):
    course = await studio.published()
    await studio.ask("POST", f"/courses/{course.id}/unpublish", headers=studio.author)
    before = await published()
    learning_answers(course.id, True)
    assert (await delete(studio, course)).status_code == 409
    assert await published() == before


async def test_the_event_that_comes_meanwhile_counts(studio, app, events, deliver, learning_answers):
    """Learning said no, and then somebody enrolled by a newer offer, told before the last look."""
    course = await studio.published()
    calls = app.state.calls
    asked = calls.post

    async def post(*given, **named):
        answer = await asked(*given, **named)
        await deliver(events.enrolled(1, 7, course.id))
        return answer

    calls.post = post
    refused = await delete(studio, course)
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/course-has-students")


async def test_who_publishes_meanwhile_keeps_the_course(studio, app):
    course = await studio.published()
    calls = app.state.calls
    asked = calls.post

    async def post(*given, **named):
        answer = await asked(*given, **named)
        await studio.ask("POST", f"/courses/{course.id}/publish", headers=studio.author)
        return answer

    calls.post = post
    refused = await delete(studio, course)
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/course-changed-meanwhile")
    assert (await studio.ask("GET", f"/courses/{course.id}"))["is_published"]


async def test_no_transaction_is_open_while_learning_is_asked(studio, app, database: Database):
    course = await studio.published()
    calls = app.state.calls
    asked = calls.post
    seen = []

    async def post(*given, **named):
        async with database.transaction() as session:
            seen.append(
                await session.scalar(
                    text(
                        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
                        "AND state LIKE 'idle in transaction%' AND pid <> pg_backend_pid()"
                    )
                )
            )
        seen.append(app.state.database.engine.pool.checkedout())
        return await asked(*given, **named)

    calls.post = post
    assert (await delete(studio, course)).status_code == 204
    assert seen == [0, 0]


async def test_of_several_that_delete_at_once_one_does(studio, published):
    course = await studio.published()
    answers = await asyncio.gather(*(delete(studio, course) for _ in range(4)))
    codes = sorted(answer.status_code for answer in answers)
    assert codes.count(204) == 1
    assert set(codes) <= {204, 404, 409}
    kinds, _ = await state(published, course)
    assert kinds.count(CourseDeleted) == 1


async def test_who_may_not_delete_changes_nothing(studio, published, upstream):
    course = await studio.published()
    before = await published()
    for who, status in ((studio.other, 403), (studio.learner, 403), ({"X-Nobody": "1"}, 401)):
        assert (await delete(studio, course, who)).status_code == status
    assert await published() == before
    assert ("POST", closing(course.id)) not in upstream.asked
