"""Every select on one-time tokens."""

from datetime import datetime
from typing import TypeVar
from uuid import UUID

from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from identity.one_time_tokens.models import EmailVerification, PasswordReset

T = TypeVar("T", EmailVerification, PasswordReset)


async def usable(
    session: AsyncSession, kind: type[T], token: UUID, instant: datetime, *, lock: bool
) -> T | None:
    """The row of a token that is neither used nor expired, as it is now."""
    statement = select(kind).where(kind.token == token, kind.is_used.is_(False), kind.expires_at > instant)
    if lock:
        statement = statement.with_for_update()
    return await session.scalar(statement.execution_options(populate_existing=True))


async def count_since(session: AsyncSession, kind: type[T], user_id: int, since: datetime) -> int:
    statement = (
        select(func.count()).select_from(kind).where(kind.user_id == user_id, kind.created_at >= since)
    )
    return (await session.scalar(statement)) or 0


async def use_up(session: AsyncSession, kind: type[T], user_id: int) -> None:
    """Mark all of an account's open tokens of this kind as used."""
    await session.execute(
        update(kind).where(kind.user_id == user_id, kind.is_used.is_(False)).values(is_used=True)
    )


async def delete_expired(session: AsyncSession, kind: type[T], before: datetime, limit: int) -> int:
    """Delete tokens that expired before `before`, at most `limit`; how many."""
    old = select(kind.id).where(kind.expires_at < before).limit(limit).with_for_update(skip_locked=True)
    done = await session.execute(delete(kind).where(kind.id.in_(old)).returning(kind.id))
    return len(done.all())
