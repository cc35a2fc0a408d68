"""Subscribe to a tier, change it, end it: what people do themselves.

A payment is written down in one transaction, asked of the provider in none, and settled in another. Two requests that
come at once meet at the subscription's lock; the second finds the first one's payment on its way.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from chassis.db import Database, now
from chassis.errors import LyceumError, TooManyRequests, Unavailable
from sqlalchemy.ext.asyncio import AsyncSession

from identity.billing import letters, queries, service
from identity.billing.errors import SubscriptionOpenEnded
from identity.billing.rules import FREE, Plan, first_period, plan
from identity.billing.service import Subscription
from identity.billing.settlement import begin_period, settle, upgrade
from identity.payments import service as payments
from identity.payments.errors import (
    PaymentConfirmationRequired,
    PaymentDeclined,
    PaymentInProgress,
    PaymentMethodMissing,
    UnknownPaymentMethod,
)
from identity.payments.port import Provider
from identity.payments.rules import rounded
from identity.payments.service import Payment
from identity.settings import Settings

ATTEMPTS = 3
HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Wish:
    """The tier somebody wants, and what they brought to pay with; None for what they pay with already."""

    user_id: int
    tier: str
    method: str | None


async def subscribe(
    database: Database, provider: Provider, settings: Settings, wish: Wish, instant: datetime | None = None
) -> Payment | None:
    """Get somebody the tier they want: now where it is more, from the end of the period where it is less.

    Returns the payment whose outcome is not known yet, else None. Raises PaymentDeclined, UnknownPaymentMethod,
    PaymentMethodMissing, PaymentInProgress, SubscriptionOpenEnded; or PaymentConfirmationRequired, and then the payment
    waits for its payer.
    """
    instant = instant or now()
    if wish.tier == FREE:
        await cancel(database, provider, settings, wish.user_id, instant)
        return None
    for _ in range(ATTEMPTS):
        async with database.transaction() as session:
            subscription = await service.lock(session, wish.user_id)
            under_way = await payments.open_of(session, wish.user_id)
            begun = None
            if under_way is None:
                begun = await _begin(session, provider, settings, subscription, wish, instant)
        if under_way is not None:
            still = await _make_way(database, provider, settings, under_way, wish, instant)
            if still is not None:
                return still
            continue
        if begun is None:
            return None
        outcome = await payments.attempt(database, provider, begun, off_session=False)
        return _answer(await settle(database, settings, begun.id, outcome, instant))
    raise Unavailable("The subscription is being changed just now.")


async def _begin(
    session: AsyncSession,
    provider: Provider,
    settings: Settings,
    subscription: Subscription,
    wish: Wish,
    instant: datetime,
) -> Payment | None:
    """Write down the payment it takes; or, where none is due, do what is wanted."""
    standing = service.standing_of(subscription)
    needed = plan(standing, wish.tier, service.prices(settings), instant)
    amount = _due(needed.amount, settings)
    saved = await payments.saved_method(session, wish.user_id, provider.name)
    method = wish.method or (None if saved is None else saved.id)
    open_ended = needed.step == "nothing" and standing.ends is None
    if amount > 0 or (wish.method is not None and not open_ended):
        if method is None:
            raise PaymentMethodMissing("Say what you pay with: `payment_method`.", price=f"{amount:.2f}")
        await _refuse_who_tries_cards(session, settings, wish.user_id, instant)
        return await payments.record(
            session,
            user_id=wish.user_id,
            provider=provider.name,
            kind=needed.step if needed.step in ("start", "upgrade") else "method",
            tier=wish.tier,
            amount=amount,
            currency=settings.currency,
            method=method,
            for_end=subscription.end_date,
            instant=instant,
        )
    if needed.step != "nothing":
        if method is None and service.prices(settings)[wish.tier] > 0:
            raise PaymentMethodMissing("Say what the next month is paid with: `payment_method`.")
        _do(subscription, settings, needed, wish.tier, instant)
        service.tell_changed(session, subscription)
    return None


async def _refuse_who_tries_cards(
    session: AsyncSession, settings: Settings, user_id: int, instant: datetime
) -> None:
    """Thieves find out which of their cards still work by paying small sums with them."""
    allowed = round(settings.payment_failures_per_hour * settings.limits_factor)
    if await payments.count_failed(session, user_id, instant - HOUR) >= allowed:
        raise TooManyRequests("Too many payments of yours were declined.", retry_after=3600)


def _due(amount: Decimal, settings: Settings) -> Decimal:
    """What is charged: a sum that card networks take, or nothing."""
    due = rounded(amount, settings.currency)
    return Decimal(0) if due < settings.minimum_charge else due


def _do(subscription: Subscription, settings: Settings, needed: Plan, tier: str, instant: datetime) -> None:
    match needed.step:
        case "start":
            begin_period(subscription, settings, tier, first_period(instant), renews=False)
        case "upgrade":
            upgrade(subscription, settings, tier)
        case _:
            service.go_on(subscription, settings, next_tier=needed.next_tier)


async def _make_way(
    database: Database,
    provider: Provider,
    settings: Settings,
    under_way: Payment,
    wish: Wish,
    instant: datetime,
) -> Payment | None:
    """Let an earlier payment come to its end, so that this wish can be looked at.

    One that waits for its payer is asked for again by the same wish, and withdrawn by another. Returns it where it is
    this very wish's and nobody can know its outcome yet. Raises PaymentConfirmationRequired, or PaymentInProgress where
    it is another's.
    """
    payment = under_way
    if payment.status == "confirming" or payment.check_at is None or payment.check_at <= instant:
        waits = timedelta(hours=settings.confirmation_hours)
        outcome = await payments.ask_after(database, provider, payment, instant, waits=waits)
        payment = await settle(database, settings, payment.id, outcome, instant)
    the_same = payment.tier == wish.tier and wish.method in (None, payment.method)
    if payment.status == "confirming":
        if the_same:
            raise confirmation_of(payment)
        outcome = await payments.withdraw(provider, payment)
        payment = await settle(database, settings, payment.id, outcome, instant)
    elif payment.status == "pending" and the_same:
        return payment
    if payment.status in ("pending", "confirming"):
        raise PaymentInProgress("Wait for its outcome.", payment_id=payment.id)
    return None


def _answer(payment: Payment) -> Payment | None:
    match payment.status:
        case "pending":
            return payment
        case "confirming":
            raise confirmation_of(payment)
        case "failed":
            raise _refusal(payment)
        case "cancelled":
            raise Unavailable("The payment provider does not answer just now.", retry_after=30)
    return None


def confirmation_of(payment: Payment) -> PaymentConfirmationRequired:
    return PaymentConfirmationRequired(
        "Confirm it with the provider; the subscription begins when that is done.",
        payment_id=payment.id,
        provider=payment.provider,
        confirmation=payment.confirmation or {},
    )


def _refusal(payment: Payment) -> LyceumError:
    if payment.failure_code == "unknown_method":
        return UnknownPaymentMethod("Nothing was charged.", payment_id=payment.id)
    return PaymentDeclined("Nothing was charged.", code=payment.failure_code, payment_id=payment.id)


async def cancel(
    database: Database,
    provider: Provider,
    settings: Settings,
    user_id: int,
    instant: datetime | None = None,
) -> None:
    """Ask somebody for no more money. What is paid lasts to its end; a payment that waits for its payer is withdrawn;
    a second time changes nothing. Raises SubscriptionOpenEnded, or PaymentInProgress."""
    instant = instant or now()
    async with database.transaction() as session:
        under_way = await payments.open_of(session, user_id)
    # A renewal on its way comes too late for one that is cancelled, and goes back by itself.
    if under_way is not None and under_way.kind != "renewal":
        await _withdraw(database, provider, settings, under_way, instant)
    async with database.transaction() as session:
        subscription = await queries.of_user(session, user_id, lock=True)
        if subscription is not None:
            await _end(session, subscription)


async def _withdraw(
    database: Database, provider: Provider, settings: Settings, payment: Payment, instant: datetime
) -> None:
    """Have an open payment come to nothing, or to its end. What nobody knows the outcome of may yet begin what is
    to be ended: PaymentInProgress."""
    if payment.status == "confirming":
        outcome = await payments.withdraw(provider, payment)
    elif payment.check_at is not None and payment.check_at > instant:
        outcome = None
    else:
        waits = timedelta(hours=settings.confirmation_hours)
        outcome = await payments.ask_after(database, provider, payment, instant, waits=waits)
    settled = await settle(database, settings, payment.id, outcome, instant)
    if settled.status in ("pending", "confirming"):
        raise PaymentInProgress("Wait for its outcome.", payment_id=payment.id)


async def _end(session: AsyncSession, subscription: Subscription) -> None:
    if subscription.tier == FREE or subscription.status in ("cancelled", "expired"):
        return
    if subscription.end_date is None:
        raise SubscriptionOpenEnded
    service.end_renewal(subscription, "expired" if subscription.status == "past_due" else "cancelled")
    service.tell_changed(session, subscription)
    await letters.cancelled(session, subscription)
