"""Keep the mirror of catalog's courses, and read it for the other slices."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import orjson
from chassis.errors import NotFound
from contracts.catalog import CourseChanged, CourseDeleted, CoursePublished, CourseUnpublished
from sqlalchemy.ext.asyncio import AsyncSession

from learning.course_mirror import queries
from learning.course_mirror.errors import CourseNotFound, LessonNotFound
from learning.course_mirror.models import MirrorCourse, MirrorLesson, Removal

if TYPE_CHECKING:
    from chassis.internal import InternalCalls


async def take_outline(session: AsyncSession, outline: CoursePublished) -> None:
    """Take a published outline, unless a newer one is here."""
    course = await queries.lock_or_add_course(session, outline.course_id, outline.created_by_id)
    course.was_published = True
    _take_state(course, outline.version, is_published=True)
    _take_details(course, outline)
    fresh = outline.version > course.outline_version and not course.is_deleted
    if fresh:
        course.outline_version = outline.version
    await session.flush()
    if fresh:
        await queries.write_lessons(session, outline.course_id, _lessons(outline))
    await queries.relist(session, outline.course_id)


def _take_state(course: MirrorCourse, version: int, *, is_published: bool) -> None:
    if version > course.version:
        course.version = version
        course.is_published = is_published


def _take_details(course: MirrorCourse, told: CoursePublished | CourseChanged) -> None:
    if told.version > course.details_version and not course.is_deleted:
        course.details_version = told.version
        course.title = told.title
        course.slug = told.slug
        course.created_by_id = told.created_by_id
        course.has_certificate = told.has_certificate


def _lessons(outline: CoursePublished) -> list[dict[str, Any]]:
    in_order = [
        (module, lesson)
        for module in sorted(outline.modules, key=lambda m: (m.order, m.id))
        for lesson in sorted(module.lessons, key=lambda each: (each.order, each.id))
    ]
    return [
        {
            "lesson_id": lesson.id,
            "course_id": outline.course_id,
            "module_id": module.id,
            "title": lesson.title,
            "position": position,
            "duration_minutes": lesson.duration_minutes,
            "access_level": lesson.access_level,
            "type": lesson.type,
            "has_assessment": lesson.has_assessment,
            "module_is_published": module.is_published,
        }
        for position, (module, lesson) in enumerate(in_order)
    ]


async def take_change(session: AsyncSession, changed: CourseChanged) -> bool:
    """Take a course's own row; whether lessons it does not have any more went, and left removals behind."""
    course = await queries.lock_or_add_course(session, changed.course_id, changed.created_by_id)
    course.was_published = course.was_published or changed.first_published_at is not None
    _take_state(course, changed.version, is_published=changed.is_published)
    _take_details(course, changed)
    if changed.version > course.lesson_ids_version:
        course.lesson_ids_version = changed.version
        course.lesson_ids = sorted(changed.lesson_ids)
    await session.flush()
    gone = await queries.take_out_deleted(session, changed.course_id)
    await queries.add_removals(session, "lesson", gone)
    await queries.relist(session, changed.course_id)
    return bool(gone)


async def take_unpublishing(session: AsyncSession, unpublished: CourseUnpublished) -> None:
    """Nobody new enrolls; the outline stays, for those who are enrolled."""
    await take_off(session, unpublished.course_id, unpublished.created_by_id, unpublished.version)


async def take_off(session: AsyncSession, course_id: int, created_by_id: int, version: int) -> None:
    """Note that a course is off the catalogue since `version`; its row is held until the transaction ends."""
    course = await queries.lock_or_add_course(session, course_id, created_by_id)
    course.was_published = True
    _take_state(course, version, is_published=False)
    await session.flush()


async def take_deletion(session: AsyncSession, deleted: CourseDeleted) -> None:
    """Keep a tombstone, so that an older event that comes late brings nothing back."""
    course = await queries.lock_or_add_course(session, deleted.course_id, deleted.created_by_id)
    _take_state(course, deleted.version, is_published=False)
    course.is_deleted = True
    course.title = course.slug = ""
    await session.flush()
    await queries.write_lessons(session, deleted.course_id, [])
    await queries.end_recount(session, deleted.course_id)
    await queries.add_removals(session, "course", [deleted.course_id])


# --- reading ------------------------------------------------------------------------------------------------


async def find_course(session: AsyncSession, course_id: int) -> MirrorCourse | None:
    """A course that was not deleted, drafts included; None for one the mirror has not heard of."""
    course = await queries.course(session, course_id)
    return None if course is None or course.is_deleted else course


async def lessons_of(session: AsyncSession, course_id: int) -> Sequence[MirrorLesson]:
    """The lessons learners see now, in order."""
    return await queries.listed_lessons(session, course_id)


async def lesson_ids_of(session: AsyncSession, course_id: int) -> list[int]:
    """The ids of the lessons learners see now, ascending."""
    return await queries.listed_lesson_ids(session, course_id)


async def find_lesson(session: AsyncSession, lesson_id: int) -> MirrorLesson | None:
    """A lesson learners see now, whatever its course."""
    return await queries.lesson(session, lesson_id)


async def require_course(session: AsyncSession, calls: "InternalCalls", course_id: int) -> MirrorCourse:
    """A course that is or was public; catalog is asked once before the answer is CourseNotFound."""
    course = await find_course(session, course_id)
    if course is None or not course.was_published:
        await take_outline(session, await fetch_outline(calls, course_id))
        course = await find_course(session, course_id)
    if course is None:
        raise CourseNotFound
    return course


async def lesson_in(
    session: AsyncSession, calls: "InternalCalls", course_id: int, lesson_id: int
) -> MirrorLesson:
    """A lesson of this course; catalog is asked once before the answer is LessonNotFound."""
    lesson = await queries.lesson(session, lesson_id)
    if lesson is None:
        await _ask_for_outline(session, calls, course_id)
        lesson = await queries.lesson(session, lesson_id)
    if lesson is None or lesson.course_id != course_id:
        raise LessonNotFound
    return lesson


async def fetch_outline(calls: "InternalCalls", course_id: int) -> CoursePublished:
    """The outline catalog has published; CourseNotFound when it never published one."""
    try:
        outline = await calls.get("catalog", f"/internal/courses/{course_id}/outline")
    except NotFound as error:
        raise CourseNotFound from error
    # Events are strict about types, and JSON has neither dates nor decimals.
    return CoursePublished.model_validate_json(orjson.dumps(outline))


async def _ask_for_outline(session: AsyncSession, calls: "InternalCalls", course_id: int) -> None:
    try:
        await take_outline(session, await fetch_outline(calls, course_id))
    except CourseNotFound as error:
        raise LessonNotFound from error


async def hold_current(
    session: AsyncSession, calls: "InternalCalls", course_id: int, version: int
) -> MirrorCourse:
    """The course, not to change before this transaction ends, no older than `version`: catalog is asked for the
    outline when the mirror has not caught up. Raises CourseNotFound when catalog has none to give."""
    # Read first and held last: two that hold the row and both want to write it would wait for each other.
    course = await queries.course(session, course_id)
    if course is None or course.outline_version == 0 or course.version < version:
        await take_outline(session, await fetch_outline(calls, course_id))
    course = await queries.hold_course(session, course_id)
    assert course is not None
    return course


# --- recounting ---------------------------------------------------------------------------------------------


async def take_recount(session: AsyncSession, course_id: int) -> list[int] | None:
    """The lessons over which the course's enrollments are to be recounted now; None when nothing changed.

    The lessons are then noted as counted over: whoever takes the recount does it in this transaction.
    """
    course = await queries.lock_course(session, course_id)
    if course is None or course.is_deleted or course.outline_version == 0:
        return None
    listed = await queries.listed_lesson_ids(session, course_id)
    if course.recounted_lessons == listed:
        return None
    course.recounted_lessons = listed
    return listed


async def leave_recount(session: AsyncSession, course_id: int, after_enrollment_id: int) -> None:
    """Leave the rest of a recount to the worker's job."""
    await queries.leave_recount(session, course_id, after_enrollment_id)


async def end_recount(session: AsyncSession, course_id: int) -> None:
    await queries.end_recount(session, course_id)


TO_RECOUNT, TO_REMOVE = queries.TO_RECOUNT, queries.TO_REMOVE
"""What is left for the worker's jobs."""


async def next_recount(session: AsyncSession) -> tuple[int, int] | None:
    """Course and last enrollment counted of an unfinished recount, locked for this transaction."""
    found = await queries.next_recount(session)
    return None if found is None else (found.course_id, found.after_enrollment_id)


async def next_removal(session: AsyncSession) -> Removal | None:
    """A deleted lesson or course of which learners' things are left, locked for this transaction."""
    return await queries.next_removal(session)


async def end_removal(session: AsyncSession, removal: Removal) -> None:
    await queries.end_removal(session, removal)


async def replace_user(session: AsyncSession, user_id: int, tombstone_id: int) -> None:
    await queries.replace_user(session, user_id, tombstone_id)
