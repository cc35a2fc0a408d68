"""What the other slices ask of notifications."""

from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession

from learning.notifications.models import Notification


async def forget(session: AsyncSession, user_id: int) -> None:
    """Remove all of an erased person's: nothing is counted over them."""
    await session.execute(delete(Notification).where(Notification.user_id == user_id))
