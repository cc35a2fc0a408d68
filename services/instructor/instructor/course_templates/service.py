"""Templates that courses are begun from."""

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from instructor.course_templates.models import CourseTemplate


async def replace_user(session: AsyncSession, user_id: int, tombstone_id: int) -> None:
    """Have the tombstone stand for who made a template; others go on using it."""
    await session.execute(
        update(CourseTemplate)
        .where(CourseTemplate.created_by_id == user_id)
        .values(created_by_id=tombstone_id)
    )
