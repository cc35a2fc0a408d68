"""What the other slices ask of preferences."""

from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession

from learning.preferences.models import UserPreference


async def forget(session: AsyncSession, user_id: int) -> None:
    """Remove all of an erased person's: nothing is counted over them."""
    await session.execute(delete(UserPreference).where(UserPreference.user_id == user_id))
