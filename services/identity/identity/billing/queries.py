"""Every select on subscriptions."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from identity.billing.models import Subscription


async def of_user(session: AsyncSession, user_id: int) -> Subscription | None:
    return await session.scalar(select(Subscription).where(Subscription.user_id == user_id))
