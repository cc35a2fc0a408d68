"""Dashboards of instructors."""

from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession

from instructor.dashboards.models import InstructorDashboard


async def forget(session: AsyncSession, profile_id: int) -> None:
    """Remove an erased instructor's settings."""
    await session.execute(delete(InstructorDashboard).where(InstructorDashboard.instructor_id == profile_id))
