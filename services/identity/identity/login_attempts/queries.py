"""Every select on login attempts."""

from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import Select, delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from identity.login_attempts.models import LoginLog, UnknownLoginAttempt

T = TypeVar("T", LoginLog, UnknownLoginAttempt)


def of_account(user_id: int) -> Select[Any]:
    return select(LoginLog).where(LoginLog.user_id == user_id)


async def delete_old(session: AsyncSession, kind: type[T], before: datetime, limit: int) -> int:
    """Delete attempts older than `before`, at most `limit`; how many."""
    old = select(kind.id).where(kind.timestamp < before).limit(limit).with_for_update(skip_locked=True)
    done = await session.execute(delete(kind).where(kind.id.in_(old)).returning(kind.id))
    return len(done.all())
