"""Attempts at assessments."""

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from assessment.attempts.models import AssessmentAttempt


async def erase(session: AsyncSession, user_id: int, tombstone_id: int) -> None:
    """Write the tombstone over the person who made the attempts; the attempts keep counting."""
    await session.execute(
        update(AssessmentAttempt).where(AssessmentAttempt.user_id == user_id).values(user_id=tombstone_id)
    )
