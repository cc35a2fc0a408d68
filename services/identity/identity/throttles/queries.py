"""Every select on throttles."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import (
    ARRAY,
    DateTime,
    Interval,
    LargeBinary,
    String,
    bindparam,
    delete,
    select,
    text,
    tuple_,
    update,
)
from sqlalchemy.ext.asyncio import AsyncSession

from identity.throttles.models import Throttle

_TAKE = text(
    """
    INSERT INTO identity_throttles AS bucket (policy, key, full_at)
    SELECT policy, key, :instant + step FROM unnest(:policies, :keys, :steps) AS asked (policy, key, step)
    ON CONFLICT (policy, key) DO UPDATE
    SET full_at = greatest(bucket.full_at, :instant) + (excluded.full_at - :instant)
    WHERE greatest(bucket.full_at, :instant) + (excluded.full_at - :instant) <= :instant + :window
    RETURNING policy, set_config('synchronous_commit', 'off', true)
    """
).bindparams(
    bindparam("instant", type_=DateTime(timezone=True)),
    bindparam("policies", type_=ARRAY(String)),
    bindparam("keys", type_=ARRAY(LargeBinary)),
    bindparam("steps", type_=ARRAY(Interval)),
    bindparam("window", type_=Interval),
)
"""As text, which is compiled once: of several rows SQLAlchemy compiles an INSERT each time. What these rows say may be
lost in a crash, and so nobody waits for the disk."""


async def take(
    session: AsyncSession, steps: Sequence[tuple[str, bytes, timedelta]], window: timedelta, instant: datetime
) -> set[str]:
    """Take a try from each bucket, in this order, unless it is empty; the policies of those that gave one. Whoever
    comes at once waits."""
    policies, keys, intervals = zip(*steps, strict=True)
    given = {"policies": list(policies), "keys": list(keys), "steps": list(intervals)}
    return set(await session.scalars(_TAKE, {**given, "window": window, "instant": instant}))


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
