"""The sandbox provider: charges and refunds in its own books, signed receipts, each payment key charged once."""

from datetime import datetime
from decimal import Decimal
from typing import Any

import uuid_utils.compat
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from learning.payments import rules
from learning.payments.errors import (
    NothingToRefund,
    PaymentConfirmationRequired,
    PaymentDeclined,
    UnknownPaymentToken,
)
from learning.payments.models import SandboxCharge


async def charge(
    session: AsyncSession,
    secret: bytes,
    *,
    payment_key: str,
    token: str,
    amount: Decimal,
    currency: str,
    instant: datetime,
) -> dict[str, Any]:
    """Take the money and sign for it; the same key again is the first charge's receipt, not a second charge.

    Raises PaymentDeclined, PaymentConfirmationRequired or UnknownPaymentToken; nothing is booked then.
    """
    match rules.outcome_of(token):
        case None:
            raise UnknownPaymentToken("The sandbox knows tok_ok, tok_declined and tok_confirm.")
        case "declined":
            raise PaymentDeclined
        case "confirm":
            raise PaymentConfirmationRequired
        case "charged":
            booked = await _book(session, payment_key, amount, currency, instant)
    return rules.signed_receipt(
        secret,
        kind="charge",
        payment_id=booked.payment_id,
        payment_key=booked.payment_key,
        amount=booked.amount,
        currency=booked.currency,
        at=booked.charged_at,
    )


async def _book(
    session: AsyncSession, payment_key: str, amount: Decimal, currency: str, instant: datetime
) -> SandboxCharge:
    await session.execute(
        insert(SandboxCharge)
        .values(
            payment_id=f"pay_{uuid_utils.compat.uuid7().hex}",
            payment_key=payment_key,
            amount=amount,
            currency=currency,
            charged_at=instant,
        )
        .on_conflict_do_nothing(index_elements=[SandboxCharge.payment_key])
    )
    return (
        await session.scalars(select(SandboxCharge).where(SandboxCharge.payment_key == payment_key))
    ).one()


async def refund(session: AsyncSession, secret: bytes, payment_id: str, instant: datetime) -> dict[str, Any]:
    """Pay a charge back in full and sign for it; asked again, the first refund's receipt."""
    booked = await session.scalar(
        select(SandboxCharge).where(SandboxCharge.payment_id == payment_id).with_for_update()
    )
    if booked is None:
        raise NothingToRefund("The sandbox has no such charge.")
    if booked.refunded_at is None:
        booked.refunded_at = instant
    return rules.signed_receipt(
        secret,
        kind="refund",
        payment_id=booked.payment_id,
        payment_key=booked.payment_key,
        amount=booked.amount,
        currency=booked.currency,
        at=booked.refunded_at,
    )
