"""What catalog tells, in any order and more than once; and the recount that follows."""

import itertools
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from contracts.catalog import CourseChanged, CourseDeleted, CourseUnpublished
from contracts.learning import CourseCompleted, EnrollmentProgressChanged, NoteRemoved
from learning.course_mirror.models import CourseRecount, MirrorCourse, MirrorLesson, Removal
from learning.enrollments.models import Enrollment
from learning.progress.models import CourseProgress, Progress
from learning.settings import Settings
from learning.study import recounts, removals
from sqlalchemy import func, select

AT = datetime(2026, 11, 22, 20, 0, tzinfo=UTC)


def changed(version: int, lesson_ids=(101, 102, 201, 202), course_id: int = 12) -> CourseChanged:
    return CourseChanged(
        course_id=course_id,
        created_by_id=3,
        title="Renamed",
        slug="renamed",
        category_id=4,
        level="beginner",
        price=Decimal("0.00"),
        discount_price=None,
        discount_ends=None,
        currency="EUR",
        has_certificate=True,
        is_published=True,
        is_draft=False,
        parent_version_id=None,
        course_version="1.0",
        first_published_at=AT,
        lesson_ids=lesson_ids,
        version=version,
    )


def unpublished(version: int, course_id: int = 12) -> CourseUnpublished:
    return CourseUnpublished(course_id=course_id, created_by_id=3, unpublished_at=AT, version=version)


def deleted(version: int, course_id: int = 12) -> CourseDeleted:
    return CourseDeleted(course_id=course_id, created_by_id=3, deleted_at=AT, version=version)


async def mirrored(database, course_id: int) -> tuple[object, ...]:
    async with database.transaction() as session:
        course = await session.get_one(MirrorCourse, course_id)
        statement = select(MirrorLesson.lesson_id).where(
            MirrorLesson.course_id == course_id, MirrorLesson.is_listed
        )
        listed = (await session.scalars(statement.order_by(MirrorLesson.position))).all()
        return (
            course.version,
            course.title,
            course.is_published,
            course.was_published,
            course.is_deleted,
            listed,
        )


def the_life_of(course_id: int, make) -> tuple[list[Any], list[int]]:
    """A course's events, and the ids of its four lessons: no two courses share a lesson."""
    lessons = [course_id * 10 + n for n in range(4)]
    short = make.module(course_id, *(make.lesson(each, order=n) for n, each in enumerate(lessons[:2])))
    rest = make.module(course_id + 1, *(make.lesson(each) for each in lessons[2:]), order=1)
    events = [
        make.course(course_id, version=1, modules=(short,), title="First"),
        make.course(course_id, version=2, modules=(short, rest), title="Second"),
        changed(3, (lessons[0], *lessons[2:]), course_id),
        unpublished(4, course_id),
    ]
    return events, lessons


async def test_the_newest_wins_in_any_order_and_twice(deliver, database, make):
    for course_id, order in enumerate(itertools.permutations(range(4)), start=1000):
        events, lessons = the_life_of(course_id, make)
        await deliver(*(events[n] for n in order), times=2)
        expected = [lessons[0], *lessons[2:]]
        assert await mirrored(database, course_id) == (4, "Renamed", False, True, False, expected), order


async def test_a_deleted_course_stays_deleted(deliver, database, make):
    for course_id, order in enumerate(itertools.permutations(range(4)), start=1000):
        events, _ = the_life_of(course_id, make)
        events[3] = deleted(4, course_id)
        await deliver(*(events[n] for n in order), times=2)
        version, title, is_published, _, is_deleted, listed = await mirrored(database, course_id)
        assert (version, title, is_published, is_deleted, listed) == (4, "", False, True, []), order


async def test_a_republish_recounts_progress(ada, person, catalog, deliver, published, make):
    await deliver(make.course())
    mine, theirs = await ada.enrolled(), await person(8).enrolled()
    await ada.completes(mine, 101, 102)
    longer = (*make.course().modules, make.module(30, make.lesson(301), order=2))
    before = len(await published())
    await deliver(make.course(version=6, modules=longer), times=2)

    states = {e.enrollment_id: e for e in (await published())[before:]}
    assert all(isinstance(e, EnrollmentProgressChanged) for e in states.values())
    assert (states[mine].lessons_completed, states[mine].total_lessons) == (2, 5)
    assert str(states[mine].progress_percentage) == "40.00"
    assert (states[theirs].lessons_completed, states[theirs].total_lessons) == (0, 5)
    assert (await ada.get(f"/enrollments/{mine}")).json()["progress_percentage"] == 40
    # The same outline under a newer version changes nothing, and says nothing.
    before = len(await published())
    await deliver(make.course(version=7, modules=longer))
    assert len(await published()) == before


async def test_lessons_taken_away_complete_a_course(ada, catalog, deliver, published, make):
    await deliver(make.course())
    enrollment_id = await ada.enrolled()
    await ada.completes(enrollment_id, 101, 102)
    await deliver(make.course(version=6, modules=make.course().modules[:1]))
    assert (await ada.get(f"/enrollments/{enrollment_id}")).json()["status"] == "completed"
    assert len([e for e in await published() if isinstance(e, CourseCompleted)]) == 1
    assert len((await ada.get("/certificates")).json()["items"]) == 1

    # Completed stays completed when lessons are added, though the percentage says what is left.
    await deliver(make.course(version=7))
    enrollment = (await ada.get(f"/enrollments/{enrollment_id}")).json()
    assert (enrollment["status"], enrollment["progress_percentage"]) == ("completed", 50)


async def test_dropped_enrollments_are_not_recounted(ada, catalog, deliver, published, make):
    await deliver(make.course())
    enrollment_id = await ada.enrolled()
    await ada.post(f"/enrollments/{enrollment_id}/drop")
    before = len(await published())
    await deliver(make.course(version=6, modules=make.course().modules[:1]))
    assert len(await published()) == before


async def test_a_large_course_is_recounted_batch_by_batch(
    person, catalog, deliver, published, database, make
):
    await deliver(make.course())
    enrolled = [await person(user_id).enrolled() for user_id in range(20, 27)]
    before = len(await published())
    object.__setattr__(database.settings, "recount_batch", 3)
    await deliver(make.course(version=6, modules=make.course().modules[:1]))
    assert len(await published()) == before + 3

    await recounts.continue_recounts(database)
    told = (await published())[before:]
    assert sorted(e.enrollment_id for e in told) == enrolled
    assert {e.total_lessons for e in told} == {2}
    async with database.transaction() as session:
        assert await session.scalar(select(func.count()).select_from(CourseRecount)) == 0


def test_the_recount_batch_fits_the_lock_table():
    assert Settings().recount_batch <= 2000


async def test_a_deleted_lesson_takes_what_hung_on_it(ada, catalog, deliver, published, database, make):
    await deliver(make.course())
    enrollment_id = await ada.enrolled()
    await ada.completes(enrollment_id, 101, 102)
    note = await ada.post("/notes", {"lesson_id": 102, "content": "gone soon"})
    bookmark = await ada.post("/bookmarks", {"content_type": "lesson", "object_id": 102})
    assert (note.status_code, bookmark.status_code) == (201, 201)

    await deliver(changed(6, lesson_ids=(101, 201, 202)), times=2)
    enrollment = (await ada.get(f"/enrollments/{enrollment_id}")).json()
    assert enrollment["progress_percentage"] == 33
    await removals.continue_removals(database)

    assert (await ada.get("/notes")).json()["items"] == []
    assert (await ada.get("/bookmarks")).json()["items"] == []
    assert len([e for e in await published() if isinstance(e, NoteRemoved)]) == 1
    async with database.transaction() as session:
        assert await session.scalar(select(func.count()).select_from(Removal)) == 0
        assert (await session.scalars(select(Progress.lesson_id))).all() == [101]
        assert (await session.scalars(select(CourseProgress.current_lesson_id))).all() == [None]
        assert (await session.scalars(select(Enrollment.last_lesson_accessed_id))).all() == [None]


async def test_a_deleted_course_takes_its_bookmarks(ada, catalog, deliver, database, make):
    await deliver(make.course())
    assert (await ada.post("/bookmarks", {"content_type": "course", "object_id": 12})).status_code == 201
    await deliver(deleted(6))
    await removals.continue_removals(database)
    assert (await ada.get("/bookmarks")).json()["items"] == []
