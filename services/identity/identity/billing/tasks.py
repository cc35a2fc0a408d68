"""What the worker does about subscriptions, from time to time: renew, expire, and ask after what stayed open.

Each task may run in several workers at once and at any time: what one has in hand, the others pass over, and nothing is
charged before it is written down. `instant` is the time it works by; each returns how much it did.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

import structlog
from chassis.db import Database, now
from sqlalchemy.ext.asyncio import AsyncSession

from identity.accounts import service as accounts
from identity.billing import letters, queries, service
from identity.billing.refunding import settle_refund
from identity.billing.rules import next_period
from identity.billing.service import Subscription
from identity.billing.settlement import begin_period, fall_behind, settle
from identity.payments import leaving, refunds
from identity.payments import service as payments
from identity.payments.port import Provider
from identity.payments.service import Payment
from identity.settings import Settings

log = structlog.get_logger()

AT_MOST = 10_000
"""Rounds in one run: a task that never ends would starve the ones behind it."""
BATCH = 100
LEASE = timedelta(minutes=15)
"""How long a renewal is its worker's alone: longer than asking the provider may take."""
PUT_OFF = timedelta(minutes=5)
"""When a renewal is looked at again that met another payment of the same person on its way."""


async def renew_subscriptions(
    database: Database, provider: Provider, settings: Settings, instant: datetime | None = None
) -> int:
    """Ask for the next month of every subscription that is due."""
    instant = instant or now()
    for done in range(AT_MOST):
        # Put off first, so that one which fails again and again is not always the first of those due.
        async with database.transaction() as session:
            claimed = await queries.claim_due(session, instant)
            if claimed is None:
                return done
            claimed.renew_at = instant + LEASE
        with _one_of_many("renewal", user=claimed.user_id):
            await _renew(database, provider, settings, claimed.user_id, instant)
    return AT_MOST


async def _renew(
    database: Database, provider: Provider, settings: Settings, user_id: int, instant: datetime
) -> None:
    async with database.transaction() as session:
        subscription = await queries.of_user(session, user_id, lock=True)
        if subscription is None:
            return
        begun = await _begin_renewal(session, provider, settings, subscription, instant)
    if begun is not None:
        outcome = await payments.attempt(database, provider, begun, off_session=True)
        await settle(database, settings, begun.id, outcome, instant)


@contextmanager
def _one_of_many(what: str, **which: int) -> Iterator[None]:
    """What fails with one is logged whole, and does not keep the worker from the others."""
    try:
        yield
    except Exception:
        log.exception("a task about a payment failed", what=what, **which)


async def _begin_renewal(
    session: AsyncSession,
    provider: Provider,
    settings: Settings,
    subscription: Subscription,
    instant: datetime,
) -> Payment | None:
    """Write down the payment for the next month; None where there is none to ask for."""
    if subscription.end_date is None or not subscription.is_auto_renew:
        subscription.renew_at = None
        return None
    account = await accounts.find(session, subscription.user_id)
    if not account.is_active:
        # Who cannot log in is not charged for it.
        service.end_renewal(subscription, "expired" if subscription.status == "past_due" else "cancelled")
        service.tell_changed(session, subscription)
        return None
    if accounts.is_banned(account, instant):
        # Nor who is banned, for the time of it.
        subscription.renew_at = account.temporary_ban_until
        return None
    if await payments.open_of(session, subscription.user_id) is not None:
        subscription.renew_at = instant + PUT_OFF
        return None
    tier = subscription.next_tier or subscription.tier
    price = service.prices(settings)[tier]
    if price == 0:
        anchor_day = service.standing_of(subscription).anchor_day
        period = next_period(subscription.end_date, anchor_day, instant)
        begin_period(subscription, settings, tier, period, renews=True)
        service.tell_changed(session, subscription)
        return None
    method = await payments.saved_method(session, subscription.user_id, provider.name)
    if method is None:
        about = f"{subscription.id}:{subscription.end_date}:{subscription.failed_renewals}"
        await fall_behind(
            session, settings, subscription, tier=tier, about=about, failure=None, instant=instant
        )
        return None
    return await payments.record(
        session,
        user_id=subscription.user_id,
        provider=provider.name,
        kind="renewal",
        tier=tier,
        amount=price,
        currency=settings.currency,
        method=method.id,
        for_end=subscription.end_date,
        instant=instant,
    )


async def expire_subscriptions(
    database: Database, settings: Settings, instant: datetime | None = None
) -> int:
    """End every subscription that is over: cancelled and at its end, or past due for too long."""
    instant = instant or now()
    past_due_since = instant - timedelta(days=settings.dunning_days)
    done = 0
    while done < AT_MOST:
        async with database.transaction() as session:
            ended = await queries.claim_ended(session, instant, past_due_since, BATCH)
            for subscription in ended:
                service.end_renewal(subscription, "expired")
                service.tell_changed(session, subscription)
                await letters.expired(session, subscription)
        if not ended:
            return done
        done += len(ended)
    return done


async def settle_payments(
    database: Database, provider: Provider, settings: Settings, instant: datetime | None = None
) -> int:
    """Ask the provider after every payment whose outcome nobody told: its call, or our noting of it, was cut off."""
    instant = instant or now()
    waits = timedelta(hours=settings.confirmation_hours)
    for done in range(AT_MOST):
        async with database.transaction() as session:
            payment = await payments.claim_open(session, provider.name, instant)
        if payment is None:
            return done
        with _one_of_many("settlement", payment=payment.id):
            outcome = await payments.ask_after(database, provider, payment, instant, waits=waits)
            await settle(database, settings, payment.id, outcome, instant)
    return AT_MOST


async def finish_refunds(database: Database, provider: Provider, instant: datetime | None = None) -> int:
    """Have the provider pay back what is written down to go back, and is not known to have gone."""
    instant = instant or now()
    for done in range(AT_MOST):
        async with database.transaction() as session:
            refund = await refunds.claim_refund(session, provider.name, instant)
            payment = None if refund is None else await payments.find(session, refund.payment_id)
        if refund is None or payment is None:
            return done
        with _one_of_many("refund", refund=refund.id):
            outcome = await refunds.pay_back_again(provider, payment, refund)
            await settle_refund(database, payment.id, refund.id, outcome, instant)
    return AT_MOST


async def forget_customers(database: Database, provider: Provider, instant: datetime | None = None) -> int:
    """Have the provider forget those whose accounts are gone."""
    instant = instant or now()
    for done in range(AT_MOST):
        async with database.transaction() as session:
            forgotten = await leaving.claim_forgotten(session, provider.name, instant)
        if forgotten is None:
            return done
        with _one_of_many("forgetting", customer=forgotten.row_id):
            await provider.forget(forgotten.customer_id, forgotten.method_id)
            async with database.transaction() as session:
                await leaving.forget_customer(session, forgotten)
    return AT_MOST


async def purge_notices(database: Database, instant: datetime | None = None) -> int:
    """Delete the notices that were handled long ago."""
    instant = instant or now()
    done = 0
    for _ in range(AT_MOST):
        async with database.transaction() as session:
            gone = await payments.purge_notices(session, instant)
        if gone == 0:
            break
        done += gone
    return done
