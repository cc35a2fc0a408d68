"""Attempts at assessments."""

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from assessment.attempts.models import AssessmentAttempt, AttemptAnswer


async def erase(session: AsyncSession, user_id: int, tombstone_id: int) -> None:
    """Write the tombstone over the person who made the attempts; the attempts keep counting.

    What they wrote goes, and what was written to them; whether it was right is what the item analysis needs.
    """
    theirs = select(AssessmentAttempt.id).where(AssessmentAttempt.user_id == user_id)
    await session.execute(
        update(AttemptAnswer)
        .where(AttemptAnswer.attempt_id.in_(theirs))
        .values(text_response="", feedback=None)
        .execution_options(synchronize_session=False)
    )
    await session.execute(
        update(AssessmentAttempt)
        .where(AssessmentAttempt.user_id == user_id)
        .values(user_id=tombstone_id, ip_address=None, user_agent=None)
    )
