"""Which answers are marked as views for the gateway to count."""

from collections.abc import Callable
from typing import Any

from chassis.testing import Deliver

MARK = "x-lyceum-view"


async def mark(studio: Any, path: str, headers: dict[str, str] | None = None) -> str | None:
    answer = await studio.client.get(f"/api/v1{path}", headers=headers)
    assert answer.status_code == 200, answer.text
    found: str | None = answer.headers.get(MARK)
    return found


async def test_a_look_at_a_course_is_marked_with_its_id(studio: Any) -> None:
    course = await studio.published()
    for named in (course.id, course.slug):
        for who in (None, studio.learner, studio.other):
            assert await mark(studio, f"/courses/{named}", who) == str(course.id)


async def test_who_teaches_or_edits_it_is_at_work(studio: Any, deliver: Deliver, events: Any) -> None:
    course = await studio.published()
    await deliver(events.co_instructor(course.id, 4, can_edit_content=False))
    clerk = studio.auth(50, permissions=["catalog.view_course"])
    editor = studio.auth(51, permissions=["catalog.change_course"])
    for who in (studio.author, studio.other, studio.admin, clerk, editor):
        assert await mark(studio, f"/courses/{course.id}", who) is None
    reviewer = studio.auth(52, permissions=["catalog.moderate_review"])
    assert await mark(studio, f"/courses/{course.id}", reviewer) == str(course.id)


async def test_drafts_versions_and_previews_are_not_marked(studio: Any) -> None:
    course = await studio.published()
    version = await studio.ask("POST", f"/courses/{course.id}/versions", expect=201, headers=studio.author)
    assert version["id"] != course.id
    draft = await studio.outlined("A second course")
    for hidden in (version["id"], draft.id):
        assert await mark(studio, f"/courses/{hidden}", studio.author) is None
        refused = await studio.client.get(f"/api/v1/courses/{hidden}", headers=studio.learner)
        assert refused.status_code == 404
        assert MARK not in refused.headers
    link = await studio.ask("POST", f"/courses/{draft.id}/preview-token", expect=201, headers=studio.author)
    assert await mark(studio, f"/preview/{link['token']}") is None


async def test_a_learner_of_a_course_that_was_taken_back_still_looks_at_it(
    studio: Any, learning_says: Callable[[int, int, str], None]
) -> None:
    course = await studio.published()
    await studio.ask("POST", f"/courses/{course.id}/unpublish", headers=studio.author)
    learning_says(7, course.id, "active")
    assert await mark(studio, f"/courses/{course.id}", studio.learner) == str(course.id)


async def test_no_other_answer_is_marked(studio: Any) -> None:
    course = await studio.published()
    for path in (
        "/courses",
        f"/courses/{course.id}/reviews",
        f"/lessons/{course.lessons[0][0]}",
        f"/modules/{course.modules[0]}",
    ):
        assert await mark(studio, path) is None
    changed = await studio.client.patch(
        f"/api/v1/courses/{course.id}", headers=studio.author, json={"subtitle": "Of brass"}
    )
    assert changed.status_code == 200
    assert MARK not in changed.headers
