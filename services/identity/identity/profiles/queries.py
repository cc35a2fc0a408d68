"""Every select on profiles."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from identity.profiles.models import Profile


async def of_user(session: AsyncSession, user_id: int, *, lock: bool = False) -> Profile | None:
    statement = select(Profile).where(Profile.user_id == user_id)
    if lock:
        statement = statement.with_for_update()
    return await session.scalar(statement)


async def picture(session: AsyncSession, user_id: int) -> str | None:
    return await session.scalar(select(Profile.profile_picture).where(Profile.user_id == user_id))
