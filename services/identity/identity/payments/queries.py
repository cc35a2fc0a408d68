"""Every select on payments, refunds, customers, and the sandbox's books."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, cast

from sqlalchemy import CursorResult, Select, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from identity.payments.models import (
    Customer,
    Payment,
    PaymentNotice,
    Refund,
    SandboxIntent,
    SandboxMethod,
    SandboxRefund,
)

OPEN = ("pending", "confirming")


# --- payments -----------------------------------------------------------------------------------------------


async def by_id(session: AsyncSession, payment_id: int, *, lock: bool = False) -> Payment | None:
    statement = select(Payment).where(Payment.id == payment_id)
    if lock:
        statement = statement.with_for_update(key_share=True).execution_options(populate_existing=True)
    return await session.scalar(statement)


async def open_of(session: AsyncSession, user_id: int) -> Payment | None:
    return await session.scalar(select(Payment).where(Payment.user_id == user_id, Payment.status.in_(OPEN)))


async def count_failed(session: AsyncSession, user_id: int, since: datetime) -> int:
    statement = (
        select(func.count())
        .select_from(Payment)
        .where(
            Payment.user_id == user_id,
            Payment.status == "failed",
            Payment.kind != "renewal",
            Payment.created_at > since,
        )
    )
    return (await session.scalar(statement)) or 0


async def by_provider(
    session: AsyncSession, provider: str, provider_id: str | None, key: str | None
) -> Payment | None:
    """The payment of a provider's id or, where we do not know that yet, of the key we gave it."""
    if provider_id is not None:
        found = await session.scalar(
            select(Payment).where(Payment.provider == provider, Payment.provider_payment_id == provider_id)
        )
        if found is not None:
            return found
    if key is None:
        return None
    return await session.scalar(
        select(Payment).where(Payment.provider == provider, Payment.payment_key == key)
    )


def listed(user_id: int | None) -> Select[Payment]:
    """Money asked for, whatever became of it; saving a method asks for none."""
    statement = select(Payment).where(Payment.amount > 0)
    return statement if user_id is None else statement.where(Payment.user_id == user_id)


async def of_user(session: AsyncSession, user_id: int) -> Sequence[Payment]:
    return (await session.scalars(listed(user_id).order_by(Payment.id))).all()


async def claim_open(session: AsyncSession, provider: str, instant: datetime) -> Payment | None:
    """An open payment to be asked after, locked; those that another worker has are passed over."""
    return await session.scalar(
        select(Payment)
        .where(Payment.provider == provider, Payment.status.in_(OPEN), Payment.check_at <= instant)
        .order_by(Payment.check_at)
        .limit(1)
        .with_for_update(skip_locked=True, key_share=True)
    )


async def replace_user(session: AsyncSession, user_id: int, tombstone_id: int, instant: datetime) -> None:
    await session.execute(
        update(Payment)
        .where(Payment.user_id == user_id, Payment.status.in_(OPEN))
        .values(check_at=instant, confirmation=None)
    )
    await session.execute(
        update(Payment)
        .where(Payment.user_id == user_id)
        .values(user_id=tombstone_id, method="", method_label=None)
    )
    await session.execute(
        update(Refund).where(Refund.requested_by_id == user_id).values(requested_by_id=tombstone_id)
    )
    theirs = select(Payment.id).where(Payment.user_id == tombstone_id)
    await session.execute(update(Refund).where(Refund.payment_id.in_(theirs)).values(reason=""))


# --- refunds ------------------------------------------------------------------------------------------------


async def refund_by_id(session: AsyncSession, refund_id: int, *, lock: bool = False) -> Refund | None:
    statement = select(Refund).where(Refund.id == refund_id)
    if lock:
        statement = statement.with_for_update().execution_options(populate_existing=True)
    return await session.scalar(statement)


async def refund_total(session: AsyncSession, payment_id: int, *statuses: str) -> Decimal:
    total = await session.scalar(
        select(func.sum(Refund.amount)).where(Refund.payment_id == payment_id, Refund.status.in_(statuses))
    )
    return total or Decimal(0)


async def refunds_of(session: AsyncSession, payment_ids: Sequence[int]) -> Sequence[Refund]:
    return (
        await session.scalars(select(Refund).where(Refund.payment_id.in_(payment_ids)).order_by(Refund.id))
    ).all()


async def claim_refund(session: AsyncSession, provider: str, instant: datetime) -> Refund | None:
    """A refund that is not done yet, locked; those that another worker has are passed over."""
    return await session.scalar(
        select(Refund)
        .join(Payment, Payment.id == Refund.payment_id)
        .where(Refund.status == "pending", Refund.check_at <= instant, Payment.provider == provider)
        .order_by(Refund.check_at)
        .limit(1)
        .with_for_update(skip_locked=True, of=Refund)
    )


# --- customers ----------------------------------------------------------------------------------------------


async def customer_of(session: AsyncSession, user_id: int, provider: str) -> Customer | None:
    return await session.scalar(
        select(Customer).where(Customer.user_id == user_id, Customer.provider == provider)
    )


async def customers_of(session: AsyncSession, user_id: int) -> Sequence[Customer]:
    return (await session.scalars(select(Customer).where(Customer.user_id == user_id))).all()


async def add_customer(session: AsyncSession, user_id: int, provider: str, customer_id: str) -> None:
    """Keep who somebody is to a provider, unless that is known by now."""
    await session.execute(
        insert(Customer)
        .values(user_id=user_id, provider=provider, customer_id=customer_id)
        .on_conflict_do_nothing()
    )


async def claim_customer_to_forget(
    session: AsyncSession, provider: str, instant: datetime
) -> Customer | None:
    return await session.scalar(
        select(Customer)
        .where(Customer.provider == provider, Customer.forget_at <= instant)
        .order_by(Customer.forget_at)
        .limit(1)
        .with_for_update(skip_locked=True)
    )


# --- notices ------------------------------------------------------------------------------------------------


async def note(session: AsyncSession, provider: str, event_id: str, type_: str, instant: datetime) -> bool:
    """Whether this event was not there before. A second one that comes meanwhile waits for our commit here."""
    done = await session.execute(
        insert(PaymentNotice)
        .values(provider=provider, event_id=event_id, type=type_, received_at=instant)
        .on_conflict_do_nothing()
    )
    return cast("CursorResult[Any]", done).rowcount == 1


async def delete_notices(session: AsyncSession, before: datetime, at_most: int) -> int:
    old = (
        select(PaymentNotice.provider, PaymentNotice.event_id)
        .where(PaymentNotice.received_at < before)
        .limit(at_most)
        .with_for_update(skip_locked=True)
    )
    rows = (await session.execute(old)).all()
    for provider, event_id in rows:
        await session.execute(
            delete(PaymentNotice).where(
                PaymentNotice.provider == provider, PaymentNotice.event_id == event_id
            )
        )
    return len(rows)


# --- the sandbox's books ------------------------------------------------------------------------------------


async def intent_by_key(session: AsyncSession, key: str) -> SandboxIntent | None:
    return await session.scalar(select(SandboxIntent).where(SandboxIntent.payment_key == key))


async def lock_intent(session: AsyncSession, intent_id: str) -> SandboxIntent | None:
    return await session.scalar(
        select(SandboxIntent).where(SandboxIntent.intent_id == intent_id).with_for_update(key_share=True)
    )


async def lock_method(session: AsyncSession, method_id: str, customer: str) -> SandboxMethod | None:
    """A method saved for this customer, and still attached."""
    return await session.scalar(
        select(SandboxMethod)
        .where(
            SandboxMethod.method_id == method_id,
            SandboxMethod.customer_id == customer,
            SandboxMethod.detached_at.is_(None),
        )
        .with_for_update()
    )


async def method(session: AsyncSession, method_id: str | None) -> SandboxMethod | None:
    return None if method_id is None else await session.get(SandboxMethod, method_id)


async def detach_methods(session: AsyncSession, customer: str, instant: datetime) -> None:
    await session.execute(
        update(SandboxMethod)
        .where(SandboxMethod.customer_id == customer, SandboxMethod.detached_at.is_(None))
        .values(detached_at=instant)
    )


async def sandbox_refund_by_key(session: AsyncSession, key: str) -> SandboxRefund | None:
    return await session.scalar(select(SandboxRefund).where(SandboxRefund.refund_key == key))


async def sandbox_refunded(session: AsyncSession, intent_id: str) -> Decimal:
    total = await session.scalar(
        select(func.sum(SandboxRefund.amount)).where(SandboxRefund.intent_id == intent_id)
    )
    return total or Decimal(0)
