"""Every select on pictures that are to be removed."""

from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from identity.profile_pictures.models import UnwantedPicture


async def mark_unwanted(session: AsyncSession, key: str, remove_after: datetime) -> None:
    statement = insert(UnwantedPicture).values(key=key, remove_after=remove_after)
    await session.execute(statement.on_conflict_do_nothing())


async def keep(session: AsyncSession, key: str) -> bool:
    """Have a picture not removed; False when it was already."""
    statement = delete(UnwantedPicture).where(UnwantedPicture.key == key).returning(UnwantedPicture.key)
    return (await session.scalar(statement)) is not None


async def lock_next_due(session: AsyncSession, instant: datetime) -> UnwantedPicture | None:
    """A picture whose time has come, that no other worker has in hand."""
    statement = (
        select(UnwantedPicture)
        .where(UnwantedPicture.remove_after <= instant)
        .order_by(UnwantedPicture.remove_after, UnwantedPicture.key)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    return await session.scalar(statement)
