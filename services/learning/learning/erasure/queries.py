"""What erasure does to the answers kept under a person's idempotency keys."""

from chassis.idempotency import IdempotencyKey
from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession


async def forget_answers(session: AsyncSession, user_id: int) -> None:
    await session.execute(delete(IdempotencyKey).where(IdempotencyKey.caller == f"user:{user_id}"))
