"""What instructors are notified of."""

from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession

from instructor.notifications.models import InstructorNotification


async def forget(session: AsyncSession, profile_id: int) -> None:
    """Remove all of an erased instructor's."""
    await session.execute(
        delete(InstructorNotification).where(InstructorNotification.instructor_id == profile_id)
    )
