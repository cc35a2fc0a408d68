"""Every select on subscriptions."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import and_, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from identity.billing.models import Subscription


async def of_user(session: AsyncSession, user_id: int, *, lock: bool = False) -> Subscription | None:
    statement = select(Subscription).where(Subscription.user_id == user_id)
    if lock:
        statement = statement.with_for_update(key_share=True).execution_options(populate_existing=True)
    return await session.scalar(statement)


async def claim_due(session: AsyncSession, instant: datetime) -> Subscription | None:
    """A subscription to be renewed, locked; those that another worker has are passed over."""
    return await session.scalar(
        select(Subscription)
        .where(Subscription.renew_at <= instant)
        .order_by(Subscription.renew_at)
        .limit(1)
        .with_for_update(skip_locked=True, key_share=True)
    )


async def claim_ended(
    session: AsyncSession, instant: datetime, past_due_since: datetime, at_most: int
) -> Sequence[Subscription]:
    """Subscriptions that are over, locked: ended and not to be renewed, or past due for too long.

    Renewed is what has a time for it; what the old site renewed by itself has none.
    """
    rows = await session.scalars(
        select(Subscription)
        .where(
            Subscription.status != "expired",
            or_(
                and_(
                    Subscription.end_date <= instant,
                    or_(
                        Subscription.status == "cancelled",
                        and_(Subscription.status == "active", Subscription.is_auto_renew.is_(False)),
                        and_(Subscription.status == "active", Subscription.renew_at.is_(None)),
                    ),
                ),
                and_(Subscription.status == "past_due", Subscription.end_date <= past_due_since),
            ),
        )
        .order_by(Subscription.end_date)
        .limit(at_most)
        .with_for_update(skip_locked=True, key_share=True)
    )
    return rows.all()
