"""Money that goes back: written down before the provider is asked for it, as payments are."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from uuid import uuid4

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from identity.payments import models, queries
from identity.payments.errors import NotAttempted, NothingToRefund, OutcomeUnknown, PaymentNotFound
from identity.payments.port import Provider, RefundOutcome
from identity.payments.rules import ASKED_AFTER, ASKED_AGAIN
from identity.payments.service import Payment

log = structlog.get_logger()

Refund = models.Refund
"""As other slices read it."""


async def begin_refund(
    session: AsyncSession,
    payment: Payment,
    *,
    amount: Decimal | None,
    reason: str,
    requested_by: int | None,
    instant: datetime,
) -> Refund:
    """Write down that a locked payment goes back, in part or (None) what is left of it. Raises NothingToRefund."""
    under_way = await queries.refund_total(session, payment.id, "pending")
    left = payment.amount - payment.refunded_amount - under_way
    wanted = left if amount is None else amount
    if payment.status not in ("succeeded", "returned") or wanted <= 0 or wanted > left:
        raise NothingToRefund(
            "At most what was paid can be paid back.", refundable=f"{max(left, Decimal(0)):.2f}"
        )
    if payment.provider_payment_id is None:
        raise NothingToRefund("The provider knows no such payment.")
    refund = Refund(
        payment_id=payment.id,
        amount=wanted,
        refund_key=f"lyceum-refund-{uuid4().hex}",
        reason=reason,
        requested_by_id=requested_by,
        status="pending",
        created_at=instant,
        check_at=instant + ASKED_AFTER,
    )
    session.add(refund)
    await session.flush()
    return refund


async def give_back(session: AsyncSession, payment: Payment, instant: datetime) -> None:
    """Have the worker pay back, at once, what was paid when it could buy nothing any more."""
    log.warning("a payment bought nothing and goes back", payment=payment.id, kind=payment.kind)
    refund = await begin_refund(
        session, payment, amount=None, reason="bought nothing", requested_by=None, instant=instant
    )
    refund.check_at = instant
    payment.status = "returned"


async def pay_back(provider: Provider, payment: Payment, refund: Refund) -> RefundOutcome | None:
    """Ask the provider for a recorded refund; None when what it did is not known."""
    if payment.provider_payment_id is None:
        return RefundOutcome("failed", failure="unknown_payment")
    try:
        return await provider.refund(
            refund.refund_key, payment.provider_payment_id, refund.amount, payment.currency
        )
    except (NotAttempted, OutcomeUnknown):
        return None


async def pay_back_again(provider: Provider, payment: Payment, refund: Refund) -> RefundOutcome | None:
    """Ask after a refund, and for it only where the provider knows of none: its memory for keys is short."""
    if payment.provider_payment_id is None:
        return RefundOutcome("failed", failure="unknown_payment")
    try:
        known = await provider.find_refund(refund.refund_key, payment.provider_payment_id)
    except (NotAttempted, OutcomeUnknown):
        return None
    return known if known is not None else await pay_back(provider, payment, refund)


async def note_refund(
    session: AsyncSession, payment: Payment, refund_id: int, outcome: RefundOutcome | None, instant: datetime
) -> tuple[Refund, bool]:
    """Note what became of a refund of a locked payment; the refund, and whether the money went back just now."""
    refund = await queries.refund_by_id(session, refund_id, lock=True)
    if refund is None:
        raise PaymentNotFound
    if outcome is None or refund.status != "pending":
        return refund, False
    refund.provider_refund_id = outcome.provider_id
    if outcome.state == "pending":
        refund.check_at = instant + ASKED_AGAIN
        return refund, False
    refund.status = outcome.state
    refund.failure_code = outcome.failure
    refund.receipt = None if outcome.receipt is None else dict(outcome.receipt)
    refund.settled_at = instant
    if outcome.state == "failed":
        log.error("a refund failed", payment=payment.id, refund=refund.id, code=outcome.failure)
        return refund, False
    note_refunded(payment, await queries.refund_total(session, payment.id, "succeeded"))
    return refund, True


def note_refunded(payment: Payment, total: Decimal) -> None:
    """Note how much of a locked payment went back in all, by us or at the provider's own desk; it never sinks."""
    payment.refunded_amount = min(payment.amount, max(payment.refunded_amount, total))


async def claim_refund(session: AsyncSession, provider: str, instant: datetime) -> Refund | None:
    """A refund that is not done, for the caller alone for a while."""
    refund = await queries.claim_refund(session, provider, instant)
    if refund is not None:
        refund.check_at = instant + ASKED_AGAIN
    return refund


async def refunds_of(session: AsyncSession, payment_ids: Sequence[int]) -> Mapping[int, Sequence[Refund]]:
    """The refunds of each payment that has any."""
    found: dict[int, list[Refund]] = {}
    for refund in await queries.refunds_of(session, payment_ids):
        found.setdefault(refund.payment_id, []).append(refund)
    return found
