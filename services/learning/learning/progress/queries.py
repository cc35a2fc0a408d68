"""Every statement on progress."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import any_, delete, func, literal, select, update
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.types import BigInteger

from learning.progress.models import CourseProgress, Progress


def _ids(ids: Iterable[int]) -> object:
    return any_(literal(list(ids), ARRAY(BigInteger)))


async def add_course_progress(session: AsyncSession, user_id: int, course_id: int, instant: datetime) -> None:
    """Open a learner's record of a course; one that is there stays."""
    new = insert(CourseProgress).values(
        user_id=user_id, course_id=course_id, started_at=instant, last_accessed=instant
    )
    await session.execute(new.on_conflict_do_nothing(constraint="unique_course_progress"))


async def course_progress(session: AsyncSession, user_id: int, course_id: int) -> CourseProgress | None:
    statement = select(CourseProgress).where(
        CourseProgress.user_id == user_id, CourseProgress.course_id == course_id
    )
    return await session.scalar(statement.execution_options(populate_existing=True))


async def course_progress_of(
    session: AsyncSession, course_id: int, user_ids: Iterable[int]
) -> Sequence[CourseProgress]:
    statement = select(CourseProgress).where(
        CourseProgress.course_id == course_id, CourseProgress.user_id == _ids(user_ids)
    )
    return (await session.scalars(statement.execution_options(populate_existing=True))).all()


async def lesson(session: AsyncSession, enrollment_id: int, lesson_id: int) -> Progress:
    """A learner's progress in a lesson, locked; a row with nothing done if there was none."""
    new = insert(Progress).values(enrollment_id=enrollment_id, lesson_id=lesson_id)
    await session.execute(new.on_conflict_do_nothing(constraint="unique_progress_record"))
    statement = (
        select(Progress)
        .where(Progress.enrollment_id == enrollment_id, Progress.lesson_id == lesson_id)
        .with_for_update()
    )
    return (await session.scalars(statement.execution_options(populate_existing=True))).one()


async def lessons(session: AsyncSession, enrollment_id: int) -> Sequence[Progress]:
    statement = select(Progress).where(Progress.enrollment_id == enrollment_id).order_by(Progress.id)
    return (await session.scalars(statement)).all()


async def completed_counts(
    session: AsyncSession, enrollment_ids: Iterable[int], lesson_ids: Iterable[int]
) -> dict[int, int]:
    """How many of these lessons each of these enrollments has completed; those with none are left out."""
    statement = (
        select(Progress.enrollment_id, func.count())
        .where(
            Progress.enrollment_id == _ids(enrollment_ids),
            Progress.is_completed,
            Progress.lesson_id == _ids(lesson_ids),
        )
        .group_by(Progress.enrollment_id)
    )
    return {row[0]: row[1] for row in await session.execute(statement)}


async def replace_user(session: AsyncSession, user_id: int, tombstone_id: int) -> None:
    await session.execute(
        update(CourseProgress).where(CourseProgress.user_id == user_id).values(user_id=tombstone_id)
    )


async def clear_notes(session: AsyncSession, enrollment_ids: Iterable[int]) -> None:
    await session.execute(
        update(Progress)
        .where(Progress.enrollment_id == _ids(enrollment_ids), Progress.notes.is_not(None))
        .values(notes=None)
    )


async def forget_lesson(session: AsyncSession, lesson_id: int) -> None:
    """A lesson is gone: its records go with it (CASCADE), and nobody stands at it (SET NULL)."""
    await session.execute(delete(Progress).where(Progress.lesson_id == lesson_id))
    await session.execute(
        update(CourseProgress)
        .where(CourseProgress.current_lesson_id == lesson_id)
        .values(current_lesson_id=None)
    )
