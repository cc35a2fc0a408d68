"""Buy a course, and have the money back. The caller holds the enrollment's row."""

from datetime import datetime
from decimal import Decimal

from chassis.receipts import is_genuine
from sqlalchemy.ext.asyncio import AsyncSession

from learning.payments import queries, rules, sandbox
from learning.payments.errors import ForgedReceipt, NothingToRefund, RefundWindowClosed
from learning.payments.models import Purchase
from learning.settings import receipt_secret, settings_of


async def has_bought(session: AsyncSession, enrollment_id: int) -> bool:
    """Whether a purchase is in force: it opens the course for good, whatever the price is by now."""
    return await queries.in_force(session, enrollment_id) is not None


async def buy(
    session: AsyncSession,
    *,
    enrollment_id: int,
    user_id: int,
    course_id: int,
    amount: Decimal,
    currency: str,
    token: str,
    instant: datetime,
) -> Purchase:
    """Charge the price once and keep the receipt. Raises what the provider raises; nothing was charged then."""
    secret = receipt_secret(settings_of(session))
    payment_key = f"enrollment/{enrollment_id}/{await queries.count(session, enrollment_id) + 1}"
    receipt = await sandbox.charge(
        session,
        secret,
        payment_key=payment_key,
        token=token,
        amount=amount,
        currency=currency,
        instant=instant,
    )
    _require_genuine(secret, receipt)
    purchase = Purchase(
        enrollment_id=enrollment_id,
        user_id=user_id,
        course_id=course_id,
        amount=Decimal(receipt["amount"]),
        currency=receipt["currency"],
        provider=receipt["provider"],
        payment_key=payment_key,
        payment_id=receipt["payment_id"],
        receipt=receipt,
        status="paid",
        purchased_at=instant,
    )
    session.add(purchase)
    await session.flush()
    return purchase


async def pay_back(
    session: AsyncSession, enrollment_id: int, instant: datetime, *, whenever: bool
) -> Purchase:
    """Refund the purchase in force, in full. `whenever`: the staff may after the buyer's days are over.

    Raises NothingToRefund or RefundWindowClosed.
    """
    purchase = await queries.in_force(session, enrollment_id)
    if purchase is None:
        raise NothingToRefund
    settings = settings_of(session)
    until = rules.refundable_until(purchase.purchased_at, settings.refund_days)
    if not whenever and instant >= until:
        raise RefundWindowClosed(f"A refund could be asked for within {settings.refund_days} days.")
    secret = receipt_secret(settings)
    _require_genuine(secret, purchase.receipt)
    receipt = await sandbox.refund(session, secret, purchase.payment_id, instant)
    _require_genuine(secret, receipt)
    purchase.status = "refunded"
    purchase.refunded_at = instant
    purchase.refund_receipt = receipt
    await session.flush()
    return purchase


def _require_genuine(secret: bytes, receipt: dict[str, object]) -> None:
    if not is_genuine(secret, receipt):
        raise ForgedReceipt(f"the receipt of {receipt.get('payment_id')} is not signed by the provider")


async def replace_user(session: AsyncSession, user_id: int, tombstone_id: int) -> None:
    await queries.replace_user(session, user_id, tombstone_id)
