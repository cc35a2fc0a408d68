"""The tier of an account: free from its first day."""

from typing import cast

from chassis.db import now
from chassis.errors import NotFound
from chassis.outbox import emit
from contracts.fields import SubscriptionStatus, Tier
from contracts.identity import SubscriptionChanged
from sqlalchemy.ext.asyncio import AsyncSession

from identity.billing import queries
from identity.billing.models import Subscription
from identity.billing.rules import FREE, effective_tier


async def create_free(session: AsyncSession, user_id: int) -> None:
    """Give a new account its free subscription, and tell."""
    subscription = Subscription(
        user_id=user_id, tier=FREE, status="active", start_date=now(), is_auto_renew=False, state_version=1
    )
    session.add(subscription)
    await session.flush()
    emit(
        session,
        SubscriptionChanged(
            user_id=user_id,
            tier=cast("Tier", subscription.tier),
            status=cast("SubscriptionStatus", subscription.status),
            starts=subscription.start_date,
            ends=subscription.end_date,
            is_auto_renew=subscription.is_auto_renew,
            version=subscription.state_version,
        ),
    )


async def read(session: AsyncSession, user_id: int) -> Subscription:
    """The subscription of an account; NotFound when the account is gone."""
    subscription = await queries.of_user(session, user_id)
    if subscription is None:
        raise NotFound("This account has no subscription.")
    return subscription


async def tier_of(session: AsyncSession, user_id: int) -> str:
    """The tier that counts now; free for an account without a subscription."""
    subscription = await queries.of_user(session, user_id)
    if subscription is None:
        return FREE
    return effective_tier(subscription.tier, subscription.status, subscription.end_date, now())
