"""Every select on sessions."""

from datetime import datetime
from typing import Any

from sqlalchemy import Select, delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from identity.origin import Address
from identity.sessions.models import UserSession


async def by_id(session: AsyncSession, session_id: int, *, lock: bool = False) -> UserSession | None:
    statement = select(UserSession).where(UserSession.id == session_id)
    if lock:
        statement = statement.with_for_update(key_share=True).execution_options(populate_existing=True)
    return await session.scalar(statement)


def live_of(user_id: int, instant: datetime) -> Select[Any]:
    """The sessions of an account that are neither ended nor expired."""
    return select(UserSession).where(
        UserSession.user_id == user_id, UserSession.is_active, UserSession.expires_at > instant
    )


async def lock_live_of(session: AsyncSession, user_id: int, instant: datetime) -> list[UserSession]:
    """The same, locked, oldest first."""
    statement = live_of(user_id, instant).order_by(UserSession.id).with_for_update(key_share=True)
    return list(await session.scalars(statement.execution_options(populate_existing=True)))


async def lock_oldest_beyond(
    session: AsyncSession, user_id: int, instant: datetime, kept: int
) -> list[UserSession]:
    """The live sessions of an account but the `kept` newest, locked."""
    live = live_of(user_id, instant).order_by(UserSession.id.desc())
    newest = live.with_only_columns(UserSession.id).limit(kept)
    return list(
        await session.scalars(live.where(UserSession.id.not_in(newest)).with_for_update(key_share=True))
    )


async def is_known_device(
    session: AsyncSession, user_id: int, address: Address, user_agent: str, instant: datetime
) -> bool:
    """Whether a live session of the account was opened from this address by this user agent."""
    same = live_of(user_id, instant).where(
        UserSession.ip_address == address, UserSession.user_agent == user_agent
    )
    return bool(await session.scalar(select(same.exists())))


async def end_expired(session: AsyncSession, instant: datetime, limit: int) -> int:
    """Mark sessions that ran out as over, at most `limit`; how many. Their tokens ran out before them."""
    over = (
        select(UserSession.id)
        .where(UserSession.is_active, UserSession.expires_at <= instant)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    done = await session.execute(
        update(UserSession)
        .where(UserSession.id.in_(over))
        .values(is_active=False)
        .returning(UserSession.id)
        .execution_options(synchronize_session=False)
    )
    return len(done.all())


async def delete_old(session: AsyncSession, before: datetime, limit: int) -> int:
    """Delete ended sessions that would have run out before `before`, at most `limit`; how many."""
    old = (
        select(UserSession.id)
        .where(UserSession.is_active.is_(False), UserSession.expires_at < before)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    done = await session.execute(
        delete(UserSession)
        .where(UserSession.id.in_(old))
        .returning(UserSession.id)
        .execution_options(synchronize_session=False)
    )
    return len(done.all())


async def accounts_with_more_than(
    session: AsyncSession, kept: int, instant: datetime, limit: int
) -> list[int]:
    """Accounts that have more live sessions than `kept`, at most `limit` of them."""
    statement = (
        select(UserSession.user_id)
        .where(UserSession.is_active, UserSession.expires_at > instant)
        .group_by(UserSession.user_id)
        .having(func.count() > kept)
        .limit(limit)
    )
    return list(await session.scalars(statement))
