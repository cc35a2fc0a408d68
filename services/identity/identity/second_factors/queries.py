"""Every select on second factors."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from identity.second_factors.models import Authenticator, Challenge, RecoveryCode


async def authenticator_of(
    session: AsyncSession, user_id: int, *, lock: bool = False
) -> Authenticator | None:
    statement = select(Authenticator).where(Authenticator.user_id == user_id)
    if lock:
        statement = statement.with_for_update().execution_options(populate_existing=True)
    return await session.scalar(statement)


async def is_on(session: AsyncSession, user_id: int) -> bool:
    confirmed = select(Authenticator.user_id).where(
        Authenticator.user_id == user_id, Authenticator.confirmed_at.is_not(None)
    )
    return bool(await session.scalar(select(confirmed.exists())))


async def challenge_of(session: AsyncSession, digest: bytes, *, lock: bool = False) -> Challenge | None:
    statement = select(Challenge).where(Challenge.digest == digest)
    if lock:
        statement = statement.with_for_update().execution_options(populate_existing=True)
    return await session.scalar(statement)


async def lock_unused_code(session: AsyncSession, user_id: int, digest: bytes) -> RecoveryCode | None:
    statement = select(RecoveryCode).where(
        RecoveryCode.user_id == user_id, RecoveryCode.digest == digest, RecoveryCode.used_at.is_(None)
    )
    return await session.scalar(statement.with_for_update().execution_options(populate_existing=True))


async def count_unused_codes(session: AsyncSession, user_id: int) -> int:
    statement = (
        select(func.count())
        .select_from(RecoveryCode)
        .where(RecoveryCode.user_id == user_id, RecoveryCode.used_at.is_(None))
    )
    return (await session.scalar(statement)) or 0


async def codes_of(session: AsyncSession, user_id: int) -> Sequence[RecoveryCode]:
    statement = select(RecoveryCode).where(RecoveryCode.user_id == user_id).order_by(RecoveryCode.id)
    return (await session.scalars(statement)).all()


async def delete_authenticator(session: AsyncSession, user_id: int) -> None:
    await session.execute(delete(Authenticator).where(Authenticator.user_id == user_id))


async def delete_codes(session: AsyncSession, user_id: int) -> None:
    await session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user_id))


async def delete_challenges_of(session: AsyncSession, user_id: int) -> None:
    await session.execute(delete(Challenge).where(Challenge.user_id == user_id))


async def delete_expired_challenges(session: AsyncSession, before: datetime, limit: int) -> int:
    """Delete challenges that expired before `before`, at most `limit`; how many."""
    old = select(Challenge.id).where(Challenge.expires_at < before).limit(limit)
    old = old.with_for_update(skip_locked=True)
    done = await session.execute(delete(Challenge).where(Challenge.id.in_(old)).returning(Challenge.id))
    return len(done.all())


async def lock_sealed_otherwise(session: AsyncSession, key_id: bytes, limit: int) -> list[Authenticator]:
    """Apps whose secret is sealed with another key than this, at most `limit`, locked."""
    sealed_with = func.substring(Authenticator.secret, 1, len(key_id))
    statement = (
        select(Authenticator).where(sealed_with != key_id).order_by(Authenticator.user_id).limit(limit)
    )
    return list(await session.scalars(statement.with_for_update(skip_locked=True)))
