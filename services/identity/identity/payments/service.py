"""Payments on record: what is asked of the provider is written down, and committed, before it is asked.

Between the record and its outcome lies a call that may be lost on either side. The outcome is noted once, by whoever
learns it first: the request itself, the provider's notice, or the worker that asks after what stayed open.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import uuid4

from chassis.db import Database
from chassis.pagination import PageParams, page
from sqlalchemy.ext.asyncio import AsyncSession

from identity.payments import models, queries
from identity.payments.errors import (
    ForgedReceipt,
    NotAttempted,
    OutcomeUnknown,
    PaymentNotFound,
)
from identity.payments.port import Charge, Outcome, Provider
from identity.payments.rules import ASKED_AFTER, ASKED_AGAIN

Payment = models.Payment
"""As other slices read it."""

LOST_AFTER = timedelta(minutes=15)
"""When a payment that the provider knows nothing of is given up: no call of ours is still under way by then."""
NOTICES_KEPT = timedelta(days=90)
PURGE_BATCH = 1000


@dataclass(frozen=True, slots=True)
class Method:
    """What somebody pays with by themselves: the provider's id for it, and what they know it by."""

    id: str
    label: str


# --- asking -------------------------------------------------------------------------------------------------


async def record(
    session: AsyncSession,
    *,
    user_id: int,
    provider: str,
    kind: str,
    tier: str,
    amount: Decimal,
    currency: str,
    method: str,
    for_end: datetime | None,
    instant: datetime,
) -> Payment:
    """Write down what is about to be asked; the caller commits, and only then asks."""
    payment = Payment(
        user_id=user_id,
        provider=provider,
        kind=kind,
        tier=tier,
        amount=amount,
        currency=currency,
        method=method,
        for_end=for_end,
        payment_key=f"lyceum-{uuid4().hex}",
        status="pending",
        refunded_amount=Decimal(0),
        created_at=instant,
        check_at=instant + ASKED_AFTER,
    )
    session.add(payment)
    await session.flush()
    return payment


async def attempt(
    database: Database, provider: Provider, payment: Payment, *, off_session: bool
) -> Outcome | None:
    """Ask the provider for a recorded payment, outside of any transaction; None when what it did is not known."""
    try:
        customer = await _customer_id(database, provider, payment.user_id)
        return await provider.pay(
            Charge(
                key=payment.payment_key,
                customer=customer,
                method=payment.method,
                amount=payment.amount,
                currency=payment.currency,
                off_session=off_session,
            )
        )
    except NotAttempted:
        return Outcome("cancelled", failure="provider_unavailable")
    except OutcomeUnknown:
        return None


async def _customer_id(database: Database, provider: Provider, user_id: int) -> str:
    """Who the person is to the provider; committed before anything is charged, so that the charge can be found."""
    async with database.transaction() as session:
        known = await queries.customer_of(session, user_id, provider.name)
    if known is not None:
        return known.customer_id
    # The key says nothing about the person, and is the same for two calls that come at once.
    made = await provider.open_customer(f"lyceum-customer-{uuid4().hex}")
    async with database.transaction() as session:
        await queries.add_customer(session, user_id, provider.name, made)
        known = await queries.customer_of(session, user_id, provider.name)
    return made if known is None else known.customer_id


async def ask_after(
    database: Database, provider: Provider, payment: Payment, instant: datetime, *, waits: timedelta
) -> Outcome | None:
    """What became of an open payment; None when that is still not known. One that has waited for its payer for longer
    than `waits` is cancelled."""
    try:
        if payment.provider_payment_id is None:
            return await _find(database, provider, payment, instant)
        # Whose account is gone confirms nothing any more.
        if payment.status == "confirming" and (instant - payment.created_at >= waits or not payment.method):
            return await provider.cancel(payment.provider_payment_id)
        return await provider.look(payment.provider_payment_id)
    except (NotAttempted, OutcomeUnknown):
        return None


async def _find(
    database: Database, provider: Provider, payment: Payment, instant: datetime
) -> Outcome | None:
    async with database.transaction() as session:
        known = await queries.customer_of(session, payment.user_id, provider.name)
    found = None
    if known is not None:
        found = await provider.find(known.customer_id, payment.payment_key, saves_only=payment.amount == 0)
    if found is None and instant - payment.created_at >= LOST_AFTER:
        return Outcome("cancelled", failure="never_reached_the_provider")
    return found


async def withdraw(provider: Provider, payment: Payment) -> Outcome | None:
    """Have a payment that waits for its payer come to nothing, unless it has been paid; None when not known."""
    if payment.provider_payment_id is None:
        return None
    try:
        return await provider.cancel(payment.provider_payment_id)
    except (NotAttempted, OutcomeUnknown):
        return None


# --- noting -------------------------------------------------------------------------------------------------


def note(payment: Payment, outcome: Outcome, instant: datetime) -> bool:
    """Note what became of a locked payment; whether that is news.

    What is paid stays paid, whatever comes later; what was given up can still turn out to be paid. Raises
    ForgedReceipt for a payment of another sum than was asked for.
    """
    if payment.status in ("succeeded", "returned"):
        return False
    if outcome.state == "succeeded":
        _require_what_was_asked(payment, outcome)
    elif payment.status not in queries.OPEN:
        return False
    payment.provider_payment_id = outcome.provider_id or payment.provider_payment_id
    # A notice names the method by its id alone; the answer that came before said more.
    payment.method_label = outcome.method_label or payment.method_label
    if outcome.state == "pending":
        payment.check_at = instant + ASKED_AGAIN
        return False
    was = payment.status
    payment.status = outcome.state
    payment.failure_code = outcome.failure
    if outcome.state == "confirming":
        payment.confirmation = dict(outcome.confirmation or {})
        payment.check_at = instant + ASKED_AGAIN
        return was != "confirming"
    payment.confirmation = None
    payment.check_at = None
    payment.settled_at = instant
    if outcome.receipt is not None and payment.amount > 0:
        payment.receipt = dict(outcome.receipt)
    return True


def _require_what_was_asked(payment: Payment, outcome: Outcome) -> None:
    if payment.amount > 0 and (outcome.amount, outcome.currency) != (payment.amount, payment.currency):
        raise ForgedReceipt(
            f"payment {payment.id} is of {payment.amount} {payment.currency}, "
            f"and was paid with {outcome.amount} {outcome.currency}"
        )


def note_asked(payment: Payment, instant: datetime) -> None:
    """Another worker is to ask after this one only when this asking has surely failed."""
    payment.check_at = instant + ASKED_AGAIN


# --- reading ------------------------------------------------------------------------------------------------


async def find(session: AsyncSession, payment_id: int) -> Payment:
    """The payment; PaymentNotFound when there is none."""
    payment = await queries.by_id(session, payment_id)
    if payment is None:
        raise PaymentNotFound
    return payment


async def lock(session: AsyncSession, payment_id: int) -> Payment:
    """The payment as it is now, locked until the transaction ends. Its person's subscription is locked before it."""
    payment = await queries.by_id(session, payment_id, lock=True)
    if payment is None:
        raise PaymentNotFound
    return payment


async def open_of(session: AsyncSession, user_id: int) -> Payment | None:
    """The one payment of a person that is still on its way."""
    return await queries.open_of(session, user_id)


async def count_failed(session: AsyncSession, user_id: int, since: datetime) -> int:
    """How many payments of a person's own doing were declined since then."""
    return await queries.count_failed(session, user_id, since)


async def find_by_provider(
    session: AsyncSession, provider: str, provider_id: str | None, key: str | None
) -> Payment | None:
    return await queries.by_provider(session, provider, provider_id, key)


async def list_payments(
    session: AsyncSession, user_id: int | None, params: PageParams
) -> tuple[Sequence[Payment], str | None]:
    """A page of payments, newest first, and the cursor of the next; of everybody for `user_id` None."""
    return await page(session, queries.listed(user_id), params, key=[(Payment.id, "desc")])


async def claim_open(session: AsyncSession, provider: str, instant: datetime) -> Payment | None:
    """An open payment that nobody has told the outcome of, for the caller alone for a while."""
    payment = await queries.claim_open(session, provider, instant)
    if payment is not None:
        note_asked(payment, instant)
    return payment


# --- methods ------------------------------------------------------------------------------------------------


async def saved_method(session: AsyncSession, user_id: int, provider: str) -> Method | None:
    """What this person's renewals are paid with."""
    customer = await queries.customer_of(session, user_id, provider)
    if customer is None or customer.method_id is None:
        return None
    return Method(customer.method_id, customer.method_label or provider)


async def save_method(session: AsyncSession, payment: Payment, outcome: Outcome) -> Method | None:
    """Keep what paid, for renewals; what is saved by now."""
    customer = await queries.customer_of(session, payment.user_id, payment.provider)
    if customer is None:
        return None
    if outcome.method_id is not None:
        customer.method_id = outcome.method_id
        customer.method_label = payment.method_label
    if customer.method_id is None:
        return None
    return Method(customer.method_id, customer.method_label or payment.provider)


# --- notices ------------------------------------------------------------------------------------------------


async def is_news(session: AsyncSession, provider: str, event_id: str, type_: str, instant: datetime) -> bool:
    """Whether a provider's event was not handled before; it is now, if this transaction commits."""
    return await queries.note(session, provider, event_id, type_, instant)


async def purge_notices(session: AsyncSession, instant: datetime) -> int:
    """Delete a batch of the events handled long ago; how many. A later copy of one would change nothing either."""
    return await queries.delete_notices(session, instant - NOTICES_KEPT, PURGE_BATCH)
