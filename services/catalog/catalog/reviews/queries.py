"""Every statement on reviews."""

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from catalog.reviews.models import Review


async def replace_user(session: AsyncSession, user_id: int, tombstone_id: int) -> None:
    await session.execute(update(Review).where(Review.user_id == user_id).values(user_id=tombstone_id))
