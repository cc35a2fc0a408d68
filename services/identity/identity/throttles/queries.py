"""Every select on throttles."""

from datetime import datetime, timedelta

from sqlalchemy import delete, func, literal, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from identity.throttles.models import Throttle


async def take(
    session: AsyncSession, policy: str, key: bytes, interval: timedelta, window: timedelta, instant: datetime
) -> bool:
    """Take a try from a bucket; False, and nothing taken, if it is empty. Whoever comes at once waits."""
    statement = insert(Throttle).values(policy=policy, key=key, full_at=instant + interval)
    after = func.greatest(Throttle.full_at, instant) + interval
    statement = statement.on_conflict_do_update(
        index_elements=[Throttle.policy, Throttle.key],
        set_={"full_at": after},
        where=after <= literal(instant + window, Throttle.full_at.type),
    )
    return (await session.scalar(statement.returning(Throttle.policy))) is not None


async def full_at(session: AsyncSession, policy: str, key: bytes) -> datetime | None:
    return await session.scalar(
        select(Throttle.full_at).where(Throttle.policy == policy, Throttle.key == key)
    )


async def give_back(session: AsyncSession, policy: str, key: bytes, interval: timedelta) -> None:
    await session.execute(
        update(Throttle)
        .where(Throttle.policy == policy, Throttle.key == key)
        .values(full_at=Throttle.full_at - interval)
        .execution_options(synchronize_session=False)
    )


async def delete_full(session: AsyncSession, instant: datetime, limit: int) -> int:
    """Delete buckets that are full again, at most `limit`; how many."""
    full = (
        select(Throttle.policy, Throttle.key)
        .where(Throttle.full_at < instant)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    done = await session.execute(
        delete(Throttle)
        .where(tuple_(Throttle.policy, Throttle.key).in_(full))
        .returning(Throttle.policy)
        .execution_options(synchronize_session=False)
    )
    return len(done.all())
