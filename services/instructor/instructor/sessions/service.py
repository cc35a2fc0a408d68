"""Where instructors were logged in from."""

from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession

from instructor.sessions.models import InstructorSession


async def forget(session: AsyncSession, profile_id: int) -> None:
    """Remove all of an erased instructor's: addresses and devices are nobody's business any more."""
    await session.execute(delete(InstructorSession).where(InstructorSession.instructor_id == profile_id))
