"""Courses that a language model drafts."""

from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession

from instructor.ai_drafts.models import AICourseBuilderDraft


async def forget(session: AsyncSession, user_id: int) -> None:
    """Remove all of an erased person's: what they prompted is theirs, and what became a course is catalog's."""
    await session.execute(delete(AICourseBuilderDraft).where(AICourseBuilderDraft.instructor_id == user_id))
