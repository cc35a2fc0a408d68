"""Every select on purchases."""

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from learning.payments.models import Purchase


async def in_force(session: AsyncSession, enrollment_id: int) -> Purchase | None:
    """The purchase of an enrollment that was not paid back."""
    statement = select(Purchase).where(Purchase.enrollment_id == enrollment_id, Purchase.status == "paid")
    return await session.scalar(statement)


async def count(session: AsyncSession, enrollment_id: int) -> int:
    statement = select(func.count()).select_from(Purchase).where(Purchase.enrollment_id == enrollment_id)
    return (await session.scalar(statement)) or 0


async def replace_user(session: AsyncSession, user_id: int, tombstone_id: int) -> None:
    await session.execute(update(Purchase).where(Purchase.user_id == user_id).values(user_id=tombstone_id))
