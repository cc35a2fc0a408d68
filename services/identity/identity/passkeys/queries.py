"""Every select on passkeys."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Select, delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from identity.passkeys.models import Passkey, PasskeyChallenge, PasskeyOwner


def of_account(user_id: int) -> Select[Any]:
    return select(Passkey).where(Passkey.user_id == user_id)


async def all_of(session: AsyncSession, user_id: int) -> Sequence[Passkey]:
    found: Sequence[Passkey] = (await session.scalars(of_account(user_id).order_by(Passkey.id))).all()
    return found


async def count_of(session: AsyncSession, user_id: int) -> int:
    statement = select(func.count()).select_from(Passkey).where(Passkey.user_id == user_id)
    return (await session.scalar(statement)) or 0


async def by_id(
    session: AsyncSession, user_id: int, passkey_id: int, *, lock: bool = False
) -> Passkey | None:
    statement = of_account(user_id).where(Passkey.id == passkey_id)
    if lock:
        statement = statement.with_for_update().execution_options(populate_existing=True)
    found: Passkey | None = await session.scalar(statement)
    return found


async def by_credential(session: AsyncSession, credential_id: bytes) -> Passkey | None:
    return await session.scalar(select(Passkey).where(Passkey.credential_id == credential_id))


async def lock_by_credential(session: AsyncSession, user_id: int, credential_id: bytes) -> Passkey | None:
    statement = of_account(user_id).where(Passkey.credential_id == credential_id)
    statement = statement.with_for_update().execution_options(populate_existing=True)
    found: Passkey | None = await session.scalar(statement)
    return found


async def add(session: AsyncSession, **values: Any) -> Passkey | None:
    """Insert a passkey; None if its credential is registered already, with whatever account."""
    statement = insert(Passkey).values(**values).on_conflict_do_nothing().returning(Passkey)
    return await session.scalar(statement)


async def handle_of(session: AsyncSession, user_id: int) -> bytes | None:
    return await session.scalar(select(PasskeyOwner.handle).where(PasskeyOwner.user_id == user_id))


async def take_challenge(
    session: AsyncSession, digest: bytes, user_id: int | None, instant: datetime
) -> bool:
    """Use a challenge up; whether it was there, for this account (or for a login), and had not expired."""
    statement = (
        delete(PasskeyChallenge)
        .where(
            PasskeyChallenge.digest == digest,
            PasskeyChallenge.user_id.is_not_distinct_from(user_id),
            PasskeyChallenge.expires_at > instant,
        )
        .returning(PasskeyChallenge.digest)
        .execution_options(synchronize_session=False)
    )
    return (await session.scalar(statement)) is not None


async def delete_expired_challenges(session: AsyncSession, before: datetime, limit: int) -> int:
    """Delete challenges that expired before `before`, at most `limit`; how many."""
    old = select(PasskeyChallenge.digest).where(PasskeyChallenge.expires_at < before).limit(limit)
    old = old.with_for_update(skip_locked=True)
    done = await session.execute(
        delete(PasskeyChallenge)
        .where(PasskeyChallenge.digest.in_(old))
        .returning(PasskeyChallenge.digest)
        .execution_options(synchronize_session=False)
    )
    return len(done.all())


async def delete_all_of(session: AsyncSession, user_id: int) -> None:
    for kind in (Passkey, PasskeyOwner, PasskeyChallenge):
        await session.execute(delete(kind).where(kind.user_id == user_id))
