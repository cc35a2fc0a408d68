"""Write the history, in the transaction of what it tells."""

from datetime import datetime
from typing import Literal

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from learning.activity.models import Activity

Action = Literal["enroll", "progress", "complete_lesson", "complete_course", "drop", "refund"]


def record(
    session: AsyncSession,
    action: Action,
    instant: datetime,
    *,
    user_id: int,
    course_id: int,
    enrollment_id: int,
    lesson_id: int | None = None,
    seconds: int = 0,
    progress_percentage: int | None = None,
) -> None:
    """Add a line; `instant` is the time of the event that tells the same."""
    session.add(
        Activity(
            happened_at=instant,
            action=action,
            user_id=user_id,
            course_id=course_id,
            enrollment_id=enrollment_id,
            lesson_id=lesson_id,
            seconds=seconds,
            progress_percentage=progress_percentage,
        )
    )


async def replace_user(session: AsyncSession, user_id: int, tombstone_id: int) -> None:
    await session.execute(update(Activity).where(Activity.user_id == user_id).values(user_id=tombstone_id))
