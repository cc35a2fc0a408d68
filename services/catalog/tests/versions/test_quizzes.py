"""A quiz belongs to the lesson, whichever version of its course it stands in."""

from asyncio import gather


async def marked(studio, course_id):
    """The lessons that say they have an assessment, by id."""
    shown = await studio.ask("GET", f"/courses/{course_id}", headers=studio.author)
    return {
        lesson["id"]
        for module in shown["modules"]
        for lesson in module["lessons"]
        if lesson["has_assessment"]
    }


async def test_a_quiz_belongs_to_the_lesson_in_every_version(studio, editor, events, deliver):
    """In the draft, in what is published out of it, in the archive, and when that is restored."""
    course = await studio.published()
    lesson, other = course.lessons[0]
    draft = await editor.draft(course.id)
    await deliver(events.assessed(1, lesson, course.id))
    (copy,) = await marked(studio, draft["id"])
    assert copy != lesson
    # A quiz told of by the id of the draft's copy is the lesson's too.
    shown = await studio.ask("GET", f"/courses/{draft['id']}", headers=studio.author)
    copy_of_other = shown["modules"][0]["lessons"][1]["id"]
    await deliver(events.assessed(2, copy_of_other, draft["id"]))
    assert await marked(studio, course.id) == {lesson, other}
    assert await marked(studio, draft["id"]) == {copy, copy_of_other}

    # The draft does without the first lesson, and has a new one with a quiz of its own.
    await studio.ask("DELETE", f"/lessons/{copy}", expect=204, headers=studio.author)
    module = shown["modules"][1]["id"]
    new = await studio.ask(
        "POST", f"/modules/{module}/lessons", expect=201, headers=studio.author, json={"title": "New"}
    )
    await deliver(events.assessed(3, new["id"], draft["id"]))
    assert await marked(studio, course.id) == {lesson, other}
    await editor.publish(draft["id"])
    assert await marked(studio, course.id) == {other, new["id"]}

    # While the lesson stands in an archive, its quiz goes.
    await deliver(events.unassessed(1, lesson, course.id))
    first = await editor.id_of(course.id, "1.0")
    await editor.restore(course.id, first)
    assert await marked(studio, course.id) == {other}
    await deliver(events.assessed(1, lesson, course.id, version=3))
    assert await marked(studio, course.id) == {lesson, other}


async def test_a_version_made_meanwhile_is_marked_too(studio, editor, events, deliver):
    course = await studio.published()
    lesson = course.lessons[0][0]
    draft, _ = await gather(editor.draft(course.id), deliver(events.assessed(1, lesson, course.id)))
    assert len(await marked(studio, course.id)) == 1
    assert len(await marked(studio, draft["id"])) == 1
