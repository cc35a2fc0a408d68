"""Reviews of courses."""

from sqlalchemy.ext.asyncio import AsyncSession

from catalog.reviews import queries


async def replace_user(session: AsyncSession, user_id: int, tombstone_id: int) -> None:
    """Have the tombstone stand for the author; the reviews stay and count."""
    await queries.replace_user(session, user_id, tombstone_id)
