"""Which lessons have an assessment: exact whatever the order of events, in every version, and told on."""

import random
from asyncio import gather

import pytest
from contracts.catalog import CourseChanged, CoursePublished


async def marked(studio, course_id):
    """The lessons that say they have an assessment, by id."""
    shown = await studio.ask("GET", f"/courses/{course_id}", headers=studio.author)
    return {
        lesson["id"]
        for module in shown["modules"]
        for lesson in module["lessons"]
        if lesson["has_assessment"]
    }


async def told(published, course_id):
    """The lessons that the newest CoursePublished marks, and its version."""
    outlines = [
        event
        for event in await published()
        if isinstance(event, CoursePublished) and event.course_id == course_id
    ]
    newest = max(outlines, key=lambda event: event.version)
    lessons = [lesson for module in newest.modules for lesson in module.lessons]
    return {lesson.id for lesson in lessons if lesson.has_assessment}, newest


async def test_a_lesson_has_an_assessment_while_there_is_one(studio, events, deliver):
    course = await studio.published()
    lesson = course.lessons[0][0]
    before = await studio.ask("GET", f"/lessons/{lesson}", headers=studio.author)
    await deliver(events.assessed(1, lesson, course.id), events.assessed(2, lesson, course.id), times=2)
    assert await marked(studio, course.id) == {lesson}
    await deliver(events.unassessed(1, lesson, course.id), times=2)
    assert await marked(studio, course.id) == {lesson}, "there is another"
    await deliver(events.unassessed(2, lesson, course.id), times=2)
    assert await marked(studio, course.id) == set()
    after = await studio.ask("GET", f"/lessons/{lesson}", headers=studio.author)
    assert after["updated_date"] == before["updated_date"], "that is the authors'"


@pytest.mark.parametrize("seed", range(3))
async def test_any_order_and_any_batches_give_the_same(studio, events, deliver, published, seed):
    course = await studio.published()
    (a, b), (c, d) = course.lessons
    story = [
        events.assessed(1, a, course.id, version=1),
        events.assessed(1, a, course.id, version=2),
        events.unassessed(1, a, course.id, version=3),
        events.assessed(2, b, course.id, version=1),
        events.assessed(3, c, course.id, version=1),
        events.assessed(3, d, course.id, version=2),
        events.unassessed(4, b, course.id, version=2),
        events.assessed(4, b, course.id, version=1),
        events.assessed(5, 999_999, 999_999, version=1),
    ]
    chance = random.Random(seed)
    for _ in range(2):
        chance.shuffle(story)
        while_at = 0
        while while_at < len(story):
            size = chance.randint(1, 4)
            await deliver(*story[while_at : while_at + size])
            while_at += size
    assert await marked(studio, course.id) == {b, d}
    assert (await told(published, course.id))[0] == {b, d}


async def test_two_readers_at_once_see_each_other(studio, events, deliver):
    course = await studio.published()
    lesson = course.lessons[0][0]
    await deliver(events.assessed(1, lesson, course.id))
    await gather(
        deliver(events.unassessed(1, lesson, course.id)),
        deliver(events.assessed(2, lesson, course.id)),
        *(deliver(events.assessed(n, each, course.id)) for n, each in enumerate(course.lessons[1], 3)),
    )
    assert await marked(studio, course.id) == {lesson, *course.lessons[1]}


async def test_who_reads_the_outline_is_told_and_nothing_unpublished_with_it(
    studio, client, service_auth, events, deliver, published
):
    """The published outline, what was deleted since left out, and what is not published yet not in it."""
    course = await studio.published()
    kept, deleted = course.lessons[0]
    await studio.ask("DELETE", f"/lessons/{deleted}", expect=204, headers=studio.author)
    added = await studio.lesson(course, 1, "Added")
    await studio.ask("PATCH", f"/lessons/{kept}", headers=studio.author, json={"title": "Not yet told"})
    await studio.ask("PATCH", f"/courses/{course.id}", headers=studio.author, json={"title": "Told at once"})
    edited = await studio.ask("GET", f"/courses/{course.id}", headers=studio.author)
    await deliver(events.assessed(1, kept, course.id), events.assessed(2, added, course.id))
    having, outline = await told(published, course.id)
    assert having == {kept}
    assert [lesson.id for module in outline.modules for lesson in module.lessons] == [
        kept,
        *course.lessons[1][:2],
    ]
    assert (outline.title, outline.modules[0].lessons[0].title) == ("Told at once", "Lesson 0A")
    newest = max(event.version for event in await published() if hasattr(event, "version"))
    assert outline.version == newest, "readers keep the newest"
    answer = await client.get(f"/internal/courses/{course.id}/outline", headers=service_auth("learning"))
    assert answer.json() == outline.model_dump(mode="json")
    # The course is a version further, so nobody overwrites what they have not seen; and it is still edited.
    shown = await studio.ask("GET", f"/courses/{course.id}", headers=studio.author)
    assert shown["published_date"] == edited["published_date"]
    again = await studio.ask("POST", f"/courses/{course.id}/publish", headers=studio.author)
    assert again["version"] == "1.1", "there was something to publish"
    assert (await told(published, course.id))[0] == {kept, added}


async def test_a_published_course_without_edits_stays_so(studio, events, deliver, published):
    course = await studio.published()
    await deliver(events.assessed(1, course.lessons[0][0], course.id))
    count = len(await published())
    shown = await studio.ask("POST", f"/courses/{course.id}/publish", headers=studio.author)
    assert shown["version"] == "1.0"
    assert len(await published()) == count


async def test_a_course_off_the_catalogue_is_not_told_back_onto_it(
    studio, client, service_auth, events, deliver, published
):
    draft = await studio.outlined("Never published")
    await deliver(events.assessed(1, draft.lessons[0][0], draft.id))
    assert await marked(studio, draft.id) == {draft.lessons[0][0]}
    course = await studio.published("Taken off")
    await studio.ask("POST", f"/courses/{course.id}/unpublish", headers=studio.author)
    before = await published()
    lesson = course.lessons[0][0]
    await deliver(events.assessed(2, lesson, course.id))
    assert await published() == before
    answer = await client.get(f"/internal/courses/{course.id}/outline", headers=service_auth("learning"))
    given = CoursePublished.model_validate_json(answer.content)
    assert [each.has_assessment for module in given.modules for each in module.lessons] == [
        True,
        False,
        False,
        False,
    ]
    unpublished = max(event.version for event in before if isinstance(event, CourseChanged))
    assert given.version < unpublished, "to who heard of the end this is not news"
    await studio.ask("POST", f"/courses/{course.id}/publish", headers=studio.author)
    assert (await told(published, course.id))[0] == {lesson}


async def test_its_etags_tell_of_it(studio, client, events, deliver):
    course = await studio.published()
    lesson = course.lessons[0][0]
    paths = [f"/api/v1/courses/{course.id}", f"/api/v1/lessons/{lesson}"]

    async def tags():
        return [(await client.get(path, headers=studio.author)).headers["etag"] for path in paths]

    before = await tags()
    await deliver(events.assessed(1, lesson, course.id))
    between = await tags()
    assert all(one != other for one, other in zip(before, between, strict=True))
    await deliver(events.assessed(1, lesson, course.id, version=2), events.assessed(2, lesson, course.id))
    assert await tags() == between, "nothing of it changed"
