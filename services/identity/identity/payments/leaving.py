"""What is told to somebody of their payments, and what becomes of them when their account goes."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from identity.payments import models, queries
from identity.payments.rules import ASKED_AGAIN


async def export_of(session: AsyncSession, user_id: int) -> dict[str, Any]:
    """What is kept of somebody's payments, as JSON."""
    rows = await queries.of_user(session, user_id)
    customers = await queries.customers_of(session, user_id)
    return {
        "payments": [
            {
                "id": row.id,
                "kind": row.kind,
                "tier": row.tier,
                "amount": f"{row.amount:.2f}",
                "currency": row.currency,
                "status": row.status,
                "provider": row.provider,
                "refunded_amount": f"{row.refunded_amount:.2f}",
                "period_start": _iso(row.period_start),
                "period_end": _iso(row.period_end),
                "created_at": _iso(row.created_at),
                "settled_at": _iso(row.settled_at),
                "receipt": row.receipt,
            }
            for row in rows
        ],
        "payment_methods": [
            {"provider": one.provider, "method": one.method_label} for one in customers if one.method_id
        ],
    }


def _iso(instant: datetime | None) -> str | None:
    return None if instant is None else instant.isoformat()


async def forget(session: AsyncSession, user_id: int, tombstone_id: int, instant: datetime) -> None:
    """Put the tombstone in a person's place; the worker has the provider forget the rest (`claim_forgotten`)."""
    for customer in await queries.customers_of(session, user_id):
        customer.user_id = tombstone_id
        customer.method_label = None
        customer.forget_at = instant
    await session.flush()
    await queries.replace_user(session, user_id, tombstone_id, instant)


@dataclass(frozen=True, slots=True)
class Forgotten:
    """A customer whose account is gone."""

    row_id: int
    customer_id: str
    method_id: str | None


async def claim_forgotten(session: AsyncSession, provider: str, instant: datetime) -> Forgotten | None:
    """A customer that the provider has to forget, once none of their payments is open; the caller's for a while."""
    row = await queries.claim_customer_to_forget(session, provider, instant)
    if row is None:
        return None
    row.forget_at = instant + ASKED_AGAIN
    if await queries.open_of(session, row.user_id) is not None:
        return None
    return Forgotten(row.id, row.customer_id, row.method_id)


async def forget_customer(session: AsyncSession, forgotten: Forgotten) -> None:
    """The provider has forgotten them; so do we."""
    row = await session.get(models.Customer, forgotten.row_id)
    if row is not None:
        await session.delete(row)
