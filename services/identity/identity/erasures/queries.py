"""Every statement on erasures."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from identity.erasures.models import Erasure, ErasureReport


async def next_tombstone(session: AsyncSession) -> int:
    """An id of the accounts' own sequence that belongs to nobody, and never will."""
    drawn = await session.scalar(text("SELECT nextval(pg_get_serial_sequence('users_customuser', 'id'))"))
    assert drawn is not None
    return int(drawn)


async def by_tombstone(session: AsyncSession, tombstone_id: int) -> Erasure | None:
    """The erasure, its row locked: reports that come at once are counted one by one."""
    return await session.scalar(select(Erasure).where(Erasure.tombstone_id == tombstone_id).with_for_update())


async def by_token(session: AsyncSession, digest: bytes) -> Erasure | None:
    return await session.scalar(select(Erasure).where(Erasure.token_digest == digest))


async def lock(session: AsyncSession, erasure_id: int) -> Erasure | None:
    statement = select(Erasure).where(Erasure.id == erasure_id).with_for_update()
    return await session.scalar(statement.execution_options(populate_existing=True))


async def reports_of(session: AsyncSession, erasure_id: int) -> Sequence[ErasureReport]:
    statement = select(ErasureReport).where(ErasureReport.erasure_id == erasure_id)
    return (await session.scalars(statement.order_by(ErasureReport.service))).all()


async def next_silent(session: AsyncSession, told_before: datetime) -> Erasure | None:
    """An erasure that waits for reports, and whose services were last asked before then; locked."""
    return await session.scalar(
        select(Erasure)
        .where(Erasure.completed_at.is_(None), Erasure.told_at < told_before)
        .order_by(Erasure.told_at)
        .limit(1)
        .with_for_update(skip_locked=True)
    )


MAILED = select(Erasure).where(Erasure.mail_id.is_not(None))
"""Those whose receipt was given to the mail."""


async def next_mailed(session: AsyncSession, after: int) -> Erasure | None:
    """The next of them; locked."""
    statement = MAILED.where(Erasure.id > after).order_by(Erasure.id).limit(1)
    return await session.scalar(statement.with_for_update(skip_locked=True))


async def open_since(session: AsyncSession) -> tuple[int, datetime | None]:
    """How many erasures wait for reports, and since when the oldest does."""
    statement = select(func.count(), func.min(Erasure.requested_at)).where(Erasure.completed_at.is_(None))
    count, oldest = (await session.execute(statement)).one()
    return int(count), oldest


async def lock_sealed_otherwise(session: AsyncSession, key_id: bytes, limit: int) -> Sequence[Erasure]:
    """Erasures whose address is not sealed with this key."""
    other = func.substring(Erasure.recipient_sealed, 1, len(key_id)) != key_id
    statement = select(Erasure).where(Erasure.recipient_sealed.is_not(None), other).limit(limit)
    return (await session.scalars(statement.with_for_update(skip_locked=True))).all()
