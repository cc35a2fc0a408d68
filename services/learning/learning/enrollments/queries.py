"""Every statement on enrollments."""

from collections.abc import Sequence

from sqlalchemy import Select, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from learning.enrollments.models import Enrollment


async def get(session: AsyncSession, enrollment_id: int) -> Enrollment | None:
    return await session.get(Enrollment, enrollment_id, populate_existing=True)


async def lock(session: AsyncSession, enrollment_id: int) -> Enrollment | None:
    statement = select(Enrollment).where(Enrollment.id == enrollment_id).with_for_update()
    return await session.scalar(statement.execution_options(populate_existing=True))


async def find(session: AsyncSession, user_id: int, course_id: int) -> Enrollment | None:
    return await session.scalar(_of(user_id, course_id))


async def lock_of(session: AsyncSession, user_id: int, course_id: int) -> Enrollment | None:
    statement = _of(user_id, course_id).with_for_update()
    return await session.scalar(statement.execution_options(populate_existing=True))


def _of(user_id: int, course_id: int) -> Select[Enrollment]:
    return select(Enrollment).where(Enrollment.user_id == user_id, Enrollment.course_id == course_id)


async def lock_or_add(session: AsyncSession, user_id: int, course_id: int) -> tuple[Enrollment, bool]:
    """The learner's row of this course, locked, and whether it was added just now.

    Of two that add it, the second waits for the first to commit, and finds its row.
    """
    new = insert(Enrollment).values(user_id=user_id, course_id=course_id)
    added = await session.scalar(
        new.on_conflict_do_nothing(constraint="unique_active_enrollment").returning(Enrollment.id)
    )
    enrollment = await lock_of(session, user_id, course_id)
    assert enrollment is not None
    return enrollment, added is not None


async def lock_batch(
    session: AsyncSession, course_id: int, after_id: int, limit: int
) -> Sequence[Enrollment]:
    """The next enrollments of a course that were not dropped, by id, locked."""
    statement = (
        select(Enrollment)
        .where(Enrollment.course_id == course_id, Enrollment.id > after_id, Enrollment.status != "dropped")
        .order_by(Enrollment.id)
        .limit(limit)
        .with_for_update()
    )
    return (await session.scalars(statement.execution_options(populate_existing=True))).all()


async def has_any(session: AsyncSession, course_id: int) -> bool:
    """Whether anybody ever enrolled in the course, dropped since or not."""
    statement = select(Enrollment.id).where(Enrollment.course_id == course_id).limit(1)
    return await session.scalar(statement) is not None


def of_user(user_id: int, status: str | None) -> Select[Enrollment]:
    statement = select(Enrollment).where(Enrollment.user_id == user_id)
    return statement if status is None else statement.where(Enrollment.status == status)


def of_course(course_id: int, status: str | None) -> Select[Enrollment]:
    statement = select(Enrollment).where(Enrollment.course_id == course_id)
    return statement.where(Enrollment.status == status if status else Enrollment.status != "dropped")


async def ids_of_user(session: AsyncSession, user_id: int) -> Sequence[int]:
    return (await session.scalars(select(Enrollment.id).where(Enrollment.user_id == user_id))).all()


async def replace_user(session: AsyncSession, user_id: int, tombstone_id: int) -> None:
    await session.execute(
        update(Enrollment).where(Enrollment.user_id == user_id).values(user_id=tombstone_id)
    )


async def forget_lesson(session: AsyncSession, lesson_id: int) -> None:
    """Nobody stands at a lesson that is gone (SET NULL)."""
    await session.execute(
        update(Enrollment)
        .where(Enrollment.last_lesson_accessed_id == lesson_id)
        .values(last_lesson_accessed_id=None)
    )
