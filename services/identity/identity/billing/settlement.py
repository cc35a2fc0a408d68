"""What a payment's outcome means for the subscription. Whoever learns it first settles it; once.

The subscription's row is locked before the payment's, by everybody.
"""

from datetime import datetime, timedelta

import structlog
from chassis.db import Database
from sqlalchemy.ext.asyncio import AsyncSession

from identity.billing import letters, queries, service
from identity.billing.rules import FREE, Period, first_period, next_attempt, next_period, still_buys
from identity.billing.service import Subscription
from identity.payments import refunds
from identity.payments import service as payments
from identity.payments.port import Outcome
from identity.payments.service import Method, Payment
from identity.settings import Settings

log = structlog.get_logger()

TRIED_AGAIN = timedelta(minutes=10)
"""When a renewal that the provider did not even look at is asked for again: that is nobody's failure to pay."""


async def settle(
    database: Database, settings: Settings, payment_id: int, outcome: Outcome | None, instant: datetime
) -> Payment:
    """Note an outcome and what follows from it, in a transaction of its own; the payment as it is then."""
    async with database.transaction() as session:
        return await settle_in(session, settings, payment_id, outcome, instant)


async def settle_in(
    session: AsyncSession, settings: Settings, payment_id: int, outcome: Outcome | None, instant: datetime
) -> Payment:
    """The same in the caller's transaction, which holds no payment's lock yet."""
    owner = (await payments.find(session, payment_id)).user_id
    subscription = await queries.of_user(session, owner, lock=True)
    payment = await payments.lock(session, payment_id)
    if outcome is None:
        return payment
    if outcome.state == "confirming" and payment.kind == "renewal":
        # Nobody is there to confirm: to the one who pays it is a failure that they can repair.
        outcome = Outcome("failed", outcome.provider_id, failure="authentication_required")
    if not payments.note(payment, outcome, instant):
        return payment
    if payment.status == "succeeded":
        await _settle_paid(session, settings, subscription, payment, outcome, instant)
    elif payment.kind == "renewal" and subscription is not None:
        await _settle_unpaid_renewal(session, settings, subscription, payment, instant)
    await session.flush()
    return payment


async def _settle_paid(
    session: AsyncSession,
    settings: Settings,
    subscription: Subscription | None,
    payment: Payment,
    outcome: Outcome,
    instant: datetime,
) -> None:
    buys = subscription is not None and still_buys(
        payment.kind, payment.tier, payment.for_end, service.standing_of(subscription), instant
    )
    if subscription is None or not buys:
        await refunds.give_back(session, payment, instant)
        return
    method = await payments.save_method(session, payment, outcome)
    await apply(session, settings, subscription, payment, method, instant)
    service.tell_changed(session, subscription)
    if payment.amount > 0:
        await letters.receipt(session, subscription, payment)


async def apply(
    session: AsyncSession,
    settings: Settings,
    subscription: Subscription,
    payment: Payment,
    method: Method | None,
    instant: datetime,
) -> None:
    """Give what was paid for."""
    if method is not None:
        subscription.payment_method = method.label
    if payment.kind == "method":
        _use_method(subscription, settings, payment, instant)
        return
    if payment.kind == "upgrade":
        upgrade(subscription, settings, payment.tier)
        payment.period_start, payment.period_end = instant, subscription.end_date
    else:
        period = _period(subscription, payment, instant)
        begin_period(subscription, settings, payment.tier, period, renews=payment.kind == "renewal")
        payment.period_start, payment.period_end = period.starts, period.ends
    subscription.last_payment_date = instant
    subscription.payment_id = payment.provider_payment_id


def _use_method(subscription: Subscription, settings: Settings, payment: Payment, instant: datetime) -> None:
    """A method was saved, for a subscription that is to go on with it; one that is over does not come back by it."""
    if service.standing_of(subscription).counts(instant) == FREE:
        if subscription.status == "past_due":
            subscription.renew_at = instant
        return
    troubled = subscription.failed_renewals > 0
    later = payment.tier if payment.tier != subscription.tier else None
    service.go_on(subscription, settings, next_tier=later)
    if troubled:
        # The renewal that failed is tried with the new one at once.
        subscription.renew_at = instant


def _period(subscription: Subscription, payment: Payment, instant: datetime) -> Period:
    if payment.kind == "renewal" and subscription.end_date is not None:
        anchor_day = service.standing_of(subscription).anchor_day
        return next_period(subscription.end_date, anchor_day, instant)
    return first_period(instant)


def begin_period(
    subscription: Subscription, settings: Settings, tier: str, period: Period, *, renews: bool
) -> None:
    """Have a tier for a month, and for the next ones unless it is cancelled."""
    if not renews:
        subscription.start_date = period.starts
    subscription.tier = tier
    subscription.end_date = period.ends
    subscription.anchor_day = period.anchor_day
    subscription.failed_renewals = 0
    service.go_on(subscription, settings)


def upgrade(subscription: Subscription, settings: Settings, tier: str) -> None:
    """Have a higher tier for the rest of the period, and from then on."""
    subscription.tier = tier
    service.go_on(subscription, settings)


# --- renewals that did not go through -----------------------------------------------------------------------


async def _settle_unpaid_renewal(
    session: AsyncSession, settings: Settings, subscription: Subscription, payment: Payment, instant: datetime
) -> None:
    if subscription.end_date != payment.for_end or subscription.status not in ("active", "past_due"):
        return
    if payment.status == "cancelled":
        subscription.renew_at = instant + TRIED_AGAIN
        return
    await fall_behind(
        session,
        settings,
        subscription,
        tier=payment.tier,
        about=f"payment:{payment.id}",
        failure=payment.failure_code,
        instant=instant,
    )


async def fall_behind(
    session: AsyncSession,
    settings: Settings,
    subscription: Subscription,
    *,
    tier: str,
    about: str,
    failure: str | None,
    instant: datetime,
) -> None:
    """A renewal failed: try again by the schedule, write to its owner, and be past due once the period is over."""
    assert subscription.end_date is not None
    subscription.failed_renewals += 1
    again = next_attempt(subscription.end_date, instant, settings.dunning_retry_days)
    until = subscription.end_date + timedelta(days=settings.dunning_days)
    subscription.renew_at = again if again is not None and again < until else None
    if instant >= subscription.end_date and subscription.status == "active":
        subscription.status = "past_due"
        service.tell_changed(session, subscription)
    await letters.payment_failed(
        session,
        subscription,
        tier=tier,
        about=about,
        needs_confirmation=failure == "authentication_required",
        again=subscription.renew_at,
        until=until,
    )
