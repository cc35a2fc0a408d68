"""Every statement on files that are to be removed."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import delete, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from catalog.files.models import UnwantedFile

CHANNEL = "lyceum_unwanted_files"


async def mark_unwanted(session: AsyncSession, key: str, remove_after: datetime) -> None:
    """Have a file removed at this instant, or sooner if that was the plan."""
    statement = insert(UnwantedFile).values(key=key, remove_after=remove_after)
    sooner = statement.excluded.remove_after < UnwantedFile.remove_after
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=[UnwantedFile.key],
            set_={"remove_after": statement.excluded.remove_after},
            where=sooner,
        )
    )


async def tell_remover(session: AsyncSession) -> None:
    """Wake the worker once this transaction is committed."""
    await session.execute(text(f"SELECT pg_notify('{CHANNEL}', '')"))


async def keep(session: AsyncSession, key: str) -> bool:
    """Have a file not removed; False when it was already."""
    statement = delete(UnwantedFile).where(UnwantedFile.key == key).returning(UnwantedFile.key)
    return (await session.scalar(statement)) is not None


async def keep_all(session: AsyncSession, keys: Collection[str]) -> int:
    """Have files not removed; how many of them were still there."""
    statement = delete(UnwantedFile).where(UnwantedFile.key.in_(keys)).returning(UnwantedFile.key)
    return len((await session.scalars(statement)).all())


async def lock_next_due(session: AsyncSession, instant: datetime) -> UnwantedFile | None:
    """A file whose time has come, that no other worker has in hand."""
    statement = (
        select(UnwantedFile)
        .where(UnwantedFile.remove_after <= instant)
        .order_by(UnwantedFile.remove_after, UnwantedFile.key)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    return await session.scalar(statement)
