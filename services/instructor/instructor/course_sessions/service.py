"""Courses in the making."""

from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession

from instructor.course_sessions.models import CourseCreationSession


async def forget(session: AsyncSession, profile_id: int) -> None:
    """Remove what an erased instructor never finished, drafts and files with it; what they published is catalog's."""
    await session.execute(
        delete(CourseCreationSession).where(CourseCreationSession.instructor_id == profile_id)
    )
