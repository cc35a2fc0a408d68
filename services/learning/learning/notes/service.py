"""Write, change, show and remove notes."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from chassis.db import now
from chassis.outbox import emit
from chassis.pagination import PageParams, page
from contracts.learning import NoteCreated, NoteRemoved
from sqlalchemy.ext.asyncio import AsyncSession

from learning.course_mirror import service as course_mirror
from learning.course_mirror.errors import LessonNotFound
from learning.enrollments import service as enrollments
from learning.enrollments.errors import NotEnrolled
from learning.notes import queries
from learning.notes.errors import NoteNotFound
from learning.notes.models import Note
from learning.teaching import service as teaching

if TYPE_CHECKING:
    from chassis.auth import Principal
    from chassis.internal import InternalCalls

    from learning.course_mirror.models import MirrorLesson


async def write(
    session: AsyncSession,
    user_id: int,
    *,
    lesson_id: int,
    content: str,
    timestamp_seconds: int,
    is_private: bool,
    tags: list[str],
) -> Note:
    """Write a note on a lesson of a course the user takes. Raises LessonNotFound or NotEnrolled."""
    lesson = await _lesson(session, lesson_id)
    await enrollments.require_enrolled(session, user_id, lesson.course_id)
    instant = now()
    note = Note(
        created_date=instant,
        updated_date=instant,
        user_id=user_id,
        lesson_id=lesson_id,
        course_id=lesson.course_id,
        content=content,
        timestamp_seconds=timestamp_seconds,
        is_private=is_private,
        tags=tags,
    )
    session.add(note)
    await session.flush()
    created = NoteCreated(
        note_id=note.id,
        user_id=user_id,
        course_id=lesson.course_id,
        lesson_id=lesson_id,
        is_private=is_private,
        created_at=instant,
    )
    emit(session, created, time=instant)
    return note


async def _lesson(session: AsyncSession, lesson_id: int) -> "MirrorLesson":
    lesson = await course_mirror.find_lesson(session, lesson_id)
    if lesson is None:
        raise LessonNotFound
    return lesson


async def change(session: AsyncSession, user_id: int, note_id: int, changes: dict[str, Any]) -> Note:
    """Change some of a note of one's own. Raises NoteNotFound."""
    note = await queries.lock_own(session, note_id, user_id)
    if note is None:
        raise NoteNotFound
    for name, value in changes.items():
        setattr(note, name, value)
    await session.flush()
    return note


async def remove(session: AsyncSession, user_id: int, note_id: int) -> None:
    """Remove a note of one's own. Raises NoteNotFound."""
    note = await queries.lock_own(session, note_id, user_id)
    if note is None:
        raise NoteNotFound
    await _remove(session, note, now())


async def _remove(session: AsyncSession, note: Note, instant: datetime) -> None:
    await session.delete(note)
    if note.course_id is None:
        return  # Carried over from elsewhere, and never told: nobody counts it.
    removed = NoteRemoved(
        note_id=note.id,
        user_id=note.user_id,
        course_id=note.course_id,
        lesson_id=note.lesson_id,
        removed_at=instant,
    )
    emit(session, removed, time=instant)


async def show(session: AsyncSession, calls: "InternalCalls", principal: "Principal", note_id: int) -> Note:
    """A note of the caller's, or a public one in a course they take or teach. Raises NoteNotFound."""
    note = await queries.get(session, note_id)
    if note is None:
        raise NoteNotFound
    if note.user_id == principal.user_id:
        return note
    if note.is_private or note.course_id is None:
        raise NoteNotFound
    if not await _may_read(session, calls, principal, note.course_id):
        raise NoteNotFound
    return note


async def list_own(
    session: AsyncSession,
    user_id: int,
    params: PageParams,
    *,
    course_id: int | None,
    lesson_id: int | None,
) -> tuple[Sequence[Note], str | None]:
    """A user's own notes, newest first."""
    statement = queries.of_user(user_id, course_id=course_id, lesson_id=lesson_id)
    return await page(session, statement, params, key=[(Note.id, "desc")])


async def list_on_lesson(
    session: AsyncSession,
    calls: "InternalCalls",
    principal: "Principal",
    lesson_id: int,
    params: PageParams,
) -> tuple[Sequence[Note], str | None]:
    """The caller's notes on a lesson and the public ones, newest first. Raises LessonNotFound or NotEnrolled."""
    lesson = await _lesson(session, lesson_id)
    if not await _may_read(session, calls, principal, lesson.course_id):
        raise NotEnrolled
    statement = queries.visible_on_lesson(lesson_id, principal.user_id)
    return await page(session, statement, params, key=[(Note.id, "desc")])


async def _may_read(
    session: AsyncSession, calls: "InternalCalls", principal: "Principal", course_id: int
) -> bool:
    if principal.may("learning.view_note"):
        return True
    enrollment = await enrollments.find(session, principal.user_id, course_id)
    if enrollment is not None and enrollment.status != "dropped":
        return True
    course = await course_mirror.find_course(session, course_id)
    return course is not None and await teaching.may_see_students(
        session,
        calls,
        course_id=course_id,
        created_by_id=course.created_by_id,
        user_id=principal.user_id,
    )


async def remove_of_lesson(session: AsyncSession, lesson_id: int, instant: datetime, limit: int) -> int:
    """Remove up to `limit` notes on a lesson that is gone; how many."""
    found = await queries.lock_of_lesson(session, lesson_id, limit)
    for note in found:
        await _remove(session, note, instant)
    return len(found)


async def replace_user(session: AsyncSession, user_id: int, tombstone_id: int) -> None:
    """Put the tombstone in place of a person; their notes stay as a number, without a word."""
    await queries.replace_user(session, user_id, tombstone_id)
