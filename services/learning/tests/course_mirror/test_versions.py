"""What a new version of a course, and going back to an old one, do to progress and notes."""

import pytest
from contracts.catalog import CourseChanged
from contracts.learning import EnrollmentProgressChanged
from learning.course_mirror.models import Removal
from learning.study import removals
from sqlalchemy import func, select


def told(make, version, *modules, kept=()):
    """What catalog tells of a publication: the outline, then the row, with the lessons kept in older versions."""
    published = make.course(version=version, modules=modules)
    lessons = tuple(lesson.id for module in modules for lesson in module.lessons)
    row = published.model_dump(include=set(CourseChanged.model_fields))
    missing = {"is_published": True, "is_draft": False, "parent_version_id": None}
    return published, CourseChanged(
        **{**row, **missing, "lesson_ids": (*lessons, *kept), "version": version + 1}
    )


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
async def test_what_hangs_on_a_lesson_waits_for_it(ada, catalog, deliver, published, database, make, order):
    both, one = make.course().modules, make.course().modules[:1]
    dropped = tuple(lesson.id for lesson in both[1].lessons)
    await deliver(make.course())
    enrollment_id = await ada.enrolled()
    await ada.completes(enrollment_id, 101, dropped[0])
    assert (await ada.post("/notes", {"lesson_id": dropped[0], "content": "mine"})).status_code == 201
    assert (await ada.get(f"/enrollments/{enrollment_id}")).json()["progress_percentage"] == 50

    # Version 1.1 does without a module; its lessons stand in an archive. In any order, as from the dead letters.
    events = told(make, 20, *one, kept=dropped)
    for number in order:
        await deliver(events[number], times=2)
    shown = (await ada.get(f"/enrollments/{enrollment_id}")).json()
    assert shown["progress_percentage"] == 50, "one of two"
    await removals.continue_removals(database)
    async with database.transaction() as session:
        assert await session.scalar(select(func.count()).select_from(Removal)) == 0
    assert len((await ada.get("/notes")).json()["items"]) == 1

    before = len(await published())
    events = told(make, 30, *both)
    for number in order:
        await deliver(events[number], times=2)
    shown = (await ada.get(f"/enrollments/{enrollment_id}")).json()
    assert shown["progress_percentage"] == 50, "two of four again"
    changes = [e for e in (await published())[before:] if isinstance(e, EnrollmentProgressChanged)]
    assert [(e.lessons_completed, e.total_lessons) for e in changes] == [(2, 4)], "told once"
    assert len((await ada.get("/notes")).json()["items"]) == 1
