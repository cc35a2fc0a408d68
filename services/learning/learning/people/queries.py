"""Every statement on the mirror of people."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from learning.people.models import MirrorSubscription, MirrorUser


async def keep_newest(
    session: AsyncSession, table: type[MirrorUser] | type[MirrorSubscription], values: dict[str, Any]
) -> None:
    """Write the row unless a version as new is here."""
    statement = insert(table).values(values)
    changed = {name: statement.excluded[name] for name in values if name != "user_id"}
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=[table.user_id], set_=changed, where=statement.excluded.version > table.version
        )
    )


async def users(session: AsyncSession, user_ids: Iterable[int]) -> Sequence[MirrorUser]:
    statement = select(MirrorUser).where(MirrorUser.user_id.in_(list(user_ids)))
    return (await session.scalars(statement)).all()


async def subscription(session: AsyncSession, user_id: int) -> MirrorSubscription | None:
    return await session.get(MirrorSubscription, user_id)


async def forget(session: AsyncSession, user_id: int) -> None:
    await session.execute(delete(MirrorUser).where(MirrorUser.user_id == user_id))
    await session.execute(delete(MirrorSubscription).where(MirrorSubscription.user_id == user_id))
