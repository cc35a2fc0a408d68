"""What people are written about their subscription; each letter once for what it is about."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from chassis.errors import NotFound
from chassis.mail import send_mail
from sqlalchemy.ext.asyncio import AsyncSession

from identity.accounts import service as accounts
from identity.billing.service import Subscription
from identity.payments.refunds import Refund
from identity.payments.service import Payment


async def _write(
    session: AsyncSession, user_id: int, template: str, about: str, context: Mapping[str, Any]
) -> None:
    try:
        account = await accounts.find(session, user_id)
    except NotFound:
        # Erased meanwhile: there is nobody to write to.
        return
    await send_mail(
        session,
        to=account.email,
        template=template,
        context={"name": account.first_name or account.username, **context},
        # The same letter about the same thing is written once, whoever comes to write it.
        event_id=uuid5(NAMESPACE_URL, f"lyceum:{template}:{about}"),
    )


async def receipt(session: AsyncSession, subscription: Subscription, payment: Payment) -> None:
    """The payment went through: for what, and until when it lasts."""
    await _write(
        session,
        subscription.user_id,
        "subscription_receipt",
        f"payment:{payment.id}",
        {
            "tier": payment.tier,
            "amount": f"{payment.amount:.2f}",
            "currency": payment.currency,
            "method": subscription.payment_method or payment.provider,
            "payment_id": payment.id,
            "ends": subscription.end_date,
        },
    )


async def payment_failed(
    session: AsyncSession,
    subscription: Subscription,
    *,
    tier: str,
    about: str,
    needs_confirmation: bool,
    again: datetime | None,
    until: datetime,
) -> None:
    """A renewal did not go through: when it is tried again, and until when it can be repaired."""
    await _write(
        session,
        subscription.user_id,
        "subscription_confirmation_needed" if needs_confirmation else "subscription_payment_failed",
        about,
        {
            "tier": tier,
            "ends": subscription.end_date,
            "again": again,
            "until": until,
            "has_ended": subscription.status == "past_due",
        },
    )


async def cancelled(session: AsyncSession, subscription: Subscription) -> None:
    """No more money is asked for; what is paid lasts to its end."""
    await _write(
        session,
        subscription.user_id,
        "subscription_cancelled",
        f"{subscription.id}:{subscription.state_version}",
        {
            "tier": subscription.tier,
            "ends": subscription.end_date,
            "lasts": subscription.status == "cancelled",
        },
    )


async def expired(session: AsyncSession, subscription: Subscription) -> None:
    """The tier counts no more."""
    await _write(
        session,
        subscription.user_id,
        "subscription_expired",
        f"{subscription.id}:{subscription.end_date}",
        {"tier": subscription.tier},
    )


async def paid_back(session: AsyncSession, payment: Payment, refund: Refund) -> None:
    """Money went back."""
    await _write(
        session,
        payment.user_id,
        "subscription_refund",
        f"refund:{refund.id}",
        {"amount": f"{refund.amount:.2f}", "currency": payment.currency, "payment_id": payment.id},
    )
