"""Every select on profiles."""

from collections.abc import Collection, Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from identity.profiles.models import Profile


async def of_user(session: AsyncSession, user_id: int, *, lock: bool = False) -> Profile | None:
    statement = select(Profile).where(Profile.user_id == user_id)
    if lock:
        statement = statement.with_for_update()
    return await session.scalar(statement)


async def pictures(session: AsyncSession, user_ids: Collection[int]) -> Sequence[str]:
    """The pictures that these accounts have now."""
    statement = select(Profile.profile_picture).where(
        Profile.user_id.in_(user_ids), Profile.profile_picture.is_not(None)
    )
    return [one for one in await session.scalars(statement) if one is not None]


async def picture(session: AsyncSession, user_id: int) -> str | None:
    return await session.scalar(select(Profile.profile_picture).where(Profile.user_id == user_id))
