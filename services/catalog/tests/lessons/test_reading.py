"""A lesson read by everyone there is."""

import pytest

BODIES = {"content": "whole", "registered_content": "some", "guest_content": "a little"}
REST = {"video_url": "https://video.example/1", "transcript": "as spoken"}


@pytest.fixture
async def course(studio):
    course = await studio.course()
    await studio.module(course)
    await studio.lesson(course, 0, "Closed", **BODIES, **REST)
    await studio.lesson(course, 0, "Open", **BODIES, **REST, is_free_preview=True)
    await studio.ask("POST", f"/courses/{course.id}/publish", headers=studio.author)
    return course


async def read(studio, course, headers, lesson=0):
    return await studio.ask("GET", f"/lessons/{course.lessons[0][lesson]}", headers=headers)


def seen(shown):
    return shown["access"], shown["body"], shown["locked"], shown["unlock"]


async def test_each_reads_as_far_as_their_access_goes(studio, course, events, deliver, upstream):
    guest = await read(studio, course, {})
    assert seen(guest) == ("guest", "a little", True, ["login", "enroll", "subscribe"])
    assert upstream.asked == [], "nobody is asked about a guest"
    registered = await read(studio, course, studio.learner)
    assert seen(registered) == ("registered", "some", True, ["enroll", "subscribe"])
    asked = ("GET", f"/internal/enrollments?user_id=7&course_id={course.id}")
    assert upstream.asked.count(asked) == 1, "learning is asked once before the answer is no"
    for shown in (guest, registered):
        assert [shown[name] for name in (*BODIES, *REST)] == [None] * 5

    await deliver(events.enrolled(1, 7, course.id))
    await deliver(events.co_instructor(course.id, 20, can_edit_content=False))
    whole = ("premium", "whole", False, [])
    for headers in (studio.learner, studio.auth(8, "student", "premium")):
        shown = await read(studio, course, headers)
        assert seen(shown) == whole
        assert {name: shown[name] for name in REST} == REST
        assert [shown[name] for name in BODIES] == [None] * 3, "the other bodies are the authors'"
    for headers in (studio.author, studio.admin, studio.auth(20, "instructor")):
        shown = await read(studio, course, headers)
        assert seen(shown) == whole
        assert {name: shown[name] for name in BODIES} == BODIES
    for tier in ("free", "basic"):
        assert seen(await read(studio, course, studio.auth(9, "student", tier)))[0] == "registered"
    assert seen(await read(studio, course, studio.other))[0] == "registered"


async def test_a_free_preview_is_everybodys(studio, course, upstream):
    for headers in ({}, studio.learner):
        shown = await read(studio, course, headers, lesson=1)
        assert seen(shown) == ("premium", "whole", False, [])
        assert {name: shown[name] for name in REST} == REST
    assert upstream.asked == []


async def test_who_enrolled_a_moment_ago_reads_already(studio, course, learning_says):
    for status, access in (("dropped", "registered"), ("active", "premium"), ("completed", "premium")):
        learning_says(7, course.id, status)
        assert seen(await read(studio, course, studio.learner))[0] == access


async def test_a_learning_that_does_not_answer_is_not_a_no(studio, course, upstream):
    path = f"/internal/enrollments?user_id=7&course_id={course.id}"
    upstream.will_answer(path, {}, status=500)
    lesson = f"/lessons/{course.lessons[0][0]}"
    await studio.ask("GET", lesson, expect=503, headers=studio.learner)


async def test_who_dropped_the_course_reads_as_before(studio, course, events, deliver):
    await deliver(events.enrolled(1, 7, course.id))
    assert seen(await read(studio, course, studio.learner))[0] == "premium"
    await deliver(events.dropped(1, 7, course.id))
    assert seen(await read(studio, course, studio.learner))[0] == "registered"


async def test_those_enrolled_keep_a_course_taken_off_the_catalogue(studio, course, events, deliver):
    await deliver(events.enrolled(1, 7, course.id))
    await studio.ask("POST", f"/courses/{course.id}/unpublish", headers=studio.author)
    assert seen(await read(studio, course, studio.learner))[0] == "premium"
    await studio.ask("GET", f"/courses/{course.id}", headers=studio.learner)
    for headers in ({}, studio.other, studio.auth(8, "student", "premium")):
        for path in (
            f"/courses/{course.id}",
            f"/courses/{course.id}/modules",
            f"/modules/{course.modules[0]}",
            f"/modules/{course.modules[0]}/lessons",
            f"/lessons/{course.lessons[0][0]}",
            f"/lessons/{course.lessons[0][1]}",
        ):
            await studio.ask("GET", path, expect=404, headers=headers)


async def test_the_body_comes_as_html_too(studio):
    course = await studio.course()
    await studio.module(course)
    await studio.lesson(course, 0, content="A *hole* <script>alert(1)</script>", guest_content="**Card**")
    await studio.ask("POST", f"/courses/{course.id}/publish", headers=studio.author)
    guest = await read(studio, course, {})
    assert guest["body_html"] == "<p><strong>Card</strong></p>\n"
    whole = await read(studio, course, studio.author)
    assert whole["body_html"] == "<p>A <em>hole</em> &lt;script&gt;alert(1)&lt;/script&gt;</p>\n"
    assert "script" in whole["body"], "what was written stays as it was written"
