"""Every select of co-teaching."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from instructor.co_teaching.models import CourseInstructor


async def find_for_update(session: AsyncSession, course_id: int, user_id: int) -> CourseInstructor | None:
    """One teacher of one course, locked."""
    found: CourseInstructor | None = await session.scalar(
        select(CourseInstructor)
        .where(CourseInstructor.course_id == course_id, CourseInstructor.instructor_id == user_id)
        .with_for_update()
    )
    return found


async def of_course_for_update(session: AsyncSession, course_id: int) -> Sequence[CourseInstructor]:
    """Every teacher of a course, locked in the order of their ids."""
    statement = select(CourseInstructor).where(CourseInstructor.course_id == course_id)
    return (await session.scalars(statement.order_by(CourseInstructor.id).with_for_update())).all()


async def of_user_for_update(session: AsyncSession, user_id: int) -> Sequence[CourseInstructor]:
    """Every course a user teaches, locked in the order of their ids."""
    statement = select(CourseInstructor).where(CourseInstructor.instructor_id == user_id)
    return (await session.scalars(statement.order_by(CourseInstructor.id).with_for_update())).all()
