"""Every select on logins."""

from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from identity.logins.models import UnknownLoginAttempt


async def delete_unknown_attempts(session: AsyncSession, before: datetime, limit: int) -> int:
    """Delete attempts on unknown names older than `before`, at most `limit`; how many."""
    old = (
        select(UnknownLoginAttempt.id)
        .where(UnknownLoginAttempt.timestamp < before)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    done = await session.execute(
        delete(UnknownLoginAttempt).where(UnknownLoginAttempt.id.in_(old)).returning(UnknownLoginAttempt.id)
    )
    return len(done.all())
