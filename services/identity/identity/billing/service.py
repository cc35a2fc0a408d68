"""The tier of an account: free from its first day, more while somebody pays."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, cast

from chassis.db import now
from chassis.errors import NotFound
from chassis.outbox import emit
from contracts.fields import SubscriptionStatus, Tier
from contracts.identity import SubscriptionChanged
from sqlalchemy.ext.asyncio import AsyncSession

from identity.billing import models, queries
from identity.billing.rules import FREE, Standing, effective_tier, renewal_due
from identity.payments import leaving
from identity.settings import Settings

Subscription = models.Subscription
"""A subscription as other slices read it."""


async def create_free(session: AsyncSession, user_id: int) -> None:
    """Give a new account its free subscription, and tell."""
    subscription = Subscription(
        user_id=user_id,
        tier=FREE,
        status="active",
        start_date=now(),
        is_auto_renew=False,
        failed_renewals=0,
        state_version=0,
    )
    session.add(subscription)
    await session.flush()
    tell_changed(session, subscription)


def tell_changed(session: AsyncSession, subscription: Subscription) -> None:
    """Emit the subscription as it is now; the caller holds its row's lock."""
    subscription.state_version += 1
    emit(
        session,
        SubscriptionChanged(
            user_id=subscription.user_id,
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


async def lock(session: AsyncSession, user_id: int) -> Subscription:
    """The subscription, its row locked until the transaction ends; NotFound when the account is gone."""
    subscription = await queries.of_user(session, user_id, lock=True)
    if subscription is None:
        raise NotFound("This account has no subscription.")
    return subscription


async def tier_of(session: AsyncSession, user_id: int) -> str:
    """The tier that counts now; free for an account without a subscription."""
    subscription = await queries.of_user(session, user_id)
    if subscription is None:
        return FREE
    return effective_tier(subscription.tier, subscription.status, subscription.end_date, now())


def prices(settings: Settings) -> dict[str, Decimal]:
    """What the tiers cost a month, the least first."""
    return {FREE: Decimal(0), "basic": settings.basic_price, "premium": settings.premium_price}


def standing_of(subscription: Subscription) -> Standing:
    ends = subscription.end_date
    return Standing(
        tier=subscription.tier,
        status=subscription.status,
        ends=ends,
        is_auto_renew=subscription.is_auto_renew,
        next_tier=subscription.next_tier,
        # What came over from the old site ends on the day it ends on.
        anchor_day=subscription.anchor_day or (1 if ends is None else ends.day),
    )


def go_on(subscription: Subscription, settings: Settings, *, next_tier: str | None = None) -> None:
    """Have a subscription renewed when its period ends, with this tier from then on where it is another."""
    subscription.status = "active"
    subscription.is_auto_renew = True
    subscription.next_tier = next_tier
    if subscription.end_date is not None:
        subscription.renew_at = renewal_due(
            subscription.end_date, timedelta(hours=settings.renewal_lead_hours)
        )


def end_renewal(subscription: Subscription, status: SubscriptionStatus) -> None:
    """Ask for no more money; `status` says whether the rest of the period counts."""
    subscription.status = status
    subscription.is_auto_renew = False
    subscription.next_tier = None
    subscription.renew_at = None
    subscription.failed_renewals = 0


async def export_of(session: AsyncSession, user_id: int) -> dict[str, Any]:
    """What is kept of somebody's subscription and payments, as JSON."""
    subscription = await queries.of_user(session, user_id)
    kept = await leaving.export_of(session, user_id)
    if subscription is None:
        return {"subscription": None, **kept}
    ends, paid = subscription.end_date, subscription.last_payment_date
    return {
        "subscription": {
            "tier": subscription.tier,
            "status": subscription.status,
            "start_date": subscription.start_date.isoformat(),
            "end_date": None if ends is None else ends.isoformat(),
            "is_auto_renew": subscription.is_auto_renew,
            "next_tier": subscription.next_tier,
            "last_payment_date": None if paid is None else paid.isoformat(),
            "payment_method": subscription.payment_method,
        },
        **kept,
    }


async def forget(
    session: AsyncSession, user_id: int, tombstone_id: int, instant: datetime | None = None
) -> None:
    """End a person's subscription without a trace but the payments, which stay under their tombstone.

    Nothing is told: who hears of the erasure drops what they know. The worker has the provider forget the method, and
    gives back what is paid from now on. The caller holds the account's lock.
    """
    subscription = await queries.of_user(session, user_id, lock=True)
    if subscription is not None:
        await session.delete(subscription)
    await leaving.forget(session, user_id, tombstone_id, instant or now())
