"""Money back, by the staff's decision; and what the provider itself gave or took back."""

from datetime import datetime
from decimal import Decimal

from chassis.auth import Principal
from chassis.db import Database, now
from sqlalchemy.ext.asyncio import AsyncSession

from identity.audit import service as audit
from identity.billing import letters, queries, service
from identity.billing.service import Subscription
from identity.payments import refunds
from identity.payments import service as payments
from identity.payments.errors import NothingToRefund
from identity.payments.port import Provider, RefundOutcome
from identity.payments.refunds import Refund
from identity.payments.service import Payment


async def refund(
    database: Database,
    provider: Provider,
    staff: Principal,
    payment_id: int,
    *,
    amount: Decimal | None,
    reason: str,
    ends_subscription: bool,
    instant: datetime | None = None,
) -> Refund:
    """Pay a payment back, in part or (None) what is left of it; and, if so decided, end the tier it paid for at once.

    Returns the refund as it is by now; a pending one is finished by the worker. Raises PaymentNotFound or
    NothingToRefund.
    """
    instant = instant or now()
    async with database.transaction() as session:
        subscription, payment = await _lock_both(session, payment_id)
        if payment.provider != provider.name:
            raise NothingToRefund(
                f"It was paid through {payment.provider}, which is not configured any more."
            )
        begun = await refunds.begin_refund(
            session,
            payment,
            amount=amount,
            reason=reason,
            requested_by=staff.user_id,
            instant=instant,
        )
        ended = ends_subscription and subscription is not None and end_now(session, subscription, instant)
        await audit.record(
            session,
            staff,
            "payment.refunded",
            "user",
            payment.user_id,
            {
                "payment": [None, payment.id],
                "amount": [None, f"{begun.amount:.2f}"],
                "ended_subscription": [False, ended],
                "reason": [None, reason],
            },
        )
    outcome = await refunds.pay_back(provider, payment, begun)
    return await settle_refund(database, payment_id, begun.id, outcome, instant)


async def settle_refund(
    database: Database, payment_id: int, refund_id: int, outcome: RefundOutcome | None, instant: datetime
) -> Refund:
    """Note what became of a refund, in a transaction of its own, and write to who has the money again."""
    async with database.transaction() as session:
        _, payment = await _lock_both(session, payment_id)
        noted, went_back = await refunds.note_refund(session, payment, refund_id, outcome, instant)
        if went_back:
            await letters.paid_back(session, payment, noted)
    return noted


async def _lock_both(session: AsyncSession, payment_id: int) -> tuple[Subscription | None, Payment]:
    """The subscription first, as everywhere."""
    owner = (await payments.find(session, payment_id)).user_id
    subscription = await queries.of_user(session, owner, lock=True)
    return subscription, await payments.lock(session, payment_id)


def end_now(session: AsyncSession, subscription: Subscription, instant: datetime) -> bool:
    """Have a locked subscription's tier count no more; whether it did until now."""
    if service.standing_of(subscription).counts(instant) == "free":
        return False
    service.end_renewal(subscription, "expired")
    subscription.end_date = instant
    service.tell_changed(session, subscription)
    return True


def note_dispute(
    session: AsyncSession, subscription: Subscription | None, payment: Payment, state: str, instant: datetime
) -> None:
    """A bank takes money back: no more is asked for; and the tier it paid for ends when the dispute is lost."""
    if payment.dispute in ("won", "lost"):
        return
    payment.dispute = state
    if subscription is None:
        return
    if state == "lost":
        refunds.note_refunded(payment, payment.amount)
        if subscription.payment_id == payment.provider_payment_id:
            end_now(session, subscription, instant)
    elif state == "open" and subscription.is_auto_renew:
        service.end_renewal(subscription, "expired" if subscription.status == "past_due" else "cancelled")
        service.tell_changed(session, subscription)
