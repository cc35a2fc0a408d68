"""Every select on accounts."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Integer,
    Select,
    String,
    and_,
    delete,
    func,
    literal_column,
    not_,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from identity.accounts.models import (
    OLD_HASH_ITERATIONS,
    SEARCHED,
    CustomUser,
    ReservedUsername,
    RetiredUsername,
)

TRIGRAM = 3


def _locked(statement: Select[Any]) -> Select[Any]:
    """The statement with its rows locked against other changes, but not against rows that refer to them: a refresh
    holds its session and inserts a token of this account, a password change holds the account and ends its sessions.
    What the session holds of the row already may be older than the lock.
    """
    return statement.with_for_update(key_share=True).execution_options(populate_existing=True)


async def by_id(session: AsyncSession, user_id: int, *, lock: bool = False) -> CustomUser | None:
    statement: Select[Any] = select(CustomUser).where(CustomUser.id == user_id)
    found: CustomUser | None = await session.scalar(_locked(statement) if lock else statement)
    return found


async def by_email(session: AsyncSession, email: str, *, lock: bool = False) -> CustomUser | None:
    statement: Select[Any] = select(CustomUser).where(func.lower(CustomUser.email) == email.lower())
    found: CustomUser | None = await session.scalar(_locked(statement) if lock else statement)
    return found


async def by_username(session: AsyncSession, username: str) -> CustomUser | None:
    return await session.scalar(select(CustomUser).where(func.lower(CustomUser.username) == username.lower()))


async def is_taken(session: AsyncSession, username: str) -> bool:
    """Whether an account has the username, or it is reserved; whatever the letters' case."""
    account = select(CustomUser.id).where(func.lower(CustomUser.username) == username.lower())
    reserved = select(ReservedUsername.username).where(ReservedUsername.username == username.lower())
    return bool(await session.scalar(select(account.exists() | reserved.exists())))


async def is_retired(session: AsyncSession, digests: Sequence[bytes]) -> bool:
    """Whether one of these stands for the username of somebody who was erased."""
    retired = select(RetiredUsername.digest).where(RetiredUsername.digest.in_(digests))
    return bool(await session.scalar(select(retired.exists())))


async def retire(session: AsyncSession, digest: bytes) -> None:
    await session.execute(insert(RetiredUsername).values(digest=digest).on_conflict_do_nothing())


async def remove(session: AsyncSession, user_id: int) -> None:
    """Delete an account; what refers to it goes with it."""
    await session.execute(
        delete(CustomUser).where(CustomUser.id == user_id).execution_options(synchronize_session=False)
    )


async def reserve(session: AsyncSession, username: str) -> bool:
    """Keep a username from being given away; False if somebody else was quicker."""
    statement = insert(ReservedUsername).values(username=username.lower()).on_conflict_do_nothing()
    return (await session.scalar(statement.returning(ReservedUsername.username))) is not None


async def add(session: AsyncSession, **values: Any) -> CustomUser | None:
    """Insert an account; None if its e-mail or username is taken. Waits for a rival's commit."""
    statement = insert(CustomUser).values(**values).on_conflict_do_nothing().returning(CustomUser)
    return await session.scalar(statement)


async def is_there_admin_but(session: AsyncSession, user_id: int) -> bool:
    """Whether another admin can log in."""
    banned = and_(CustomUser.is_banned, CustomUser.temporary_ban_until > func.now())
    others = select(CustomUser.id).where(
        CustomUser.role == "admin",
        CustomUser.is_active,
        CustomUser.is_email_verified,
        # Never banned is null there, and null is not false.
        not_(func.coalesce(banned, False)),
        CustomUser.id != user_id,
    )
    return (await session.scalar(others.limit(1))) is not None


async def serialize_role_changes(session: AsyncSession) -> None:
    """Wait until no other transaction is about to take somebody's rights away."""
    await session.execute(text("SELECT pg_advisory_xact_lock(hashtext('identity role changes'))"))


def listed(q: str | None, role: str | None, is_active: bool | None) -> Select[Any]:
    """The accounts an admin asked for; `q` is looked for in names and address, by what an index can answer."""
    statement = select(CustomUser)
    if role is not None:
        statement = statement.where(CustomUser.role == role)
    if is_active is not None:
        statement = statement.where(CustomUser.is_active.is_(is_active))
    if q:
        # Less than three letters are in no trigram, but the beginning of a word is: who types one or two is not
        # answered by reading every account.
        wanted = q.lower() if len(q) >= TRIGRAM else f" {q.lower()}"
        searched: ColumnElement[str] = literal_column(SEARCHED, String)
        statement = statement.where(searched.contains(wanted, autoescape=True))
    return statement


async def touch(session: AsyncSession, user_id: int) -> None:
    """Write an account's count of wrong passwords as it is."""
    await session.execute(
        update(CustomUser)
        .where(CustomUser.id == user_id)
        .values(failed_login_attempts=CustomUser.failed_login_attempts)
        .execution_options(synchronize_session=False)
    )


async def costliest_old_hash(session: AsyncSession, at_most: int) -> int:
    """The most iterations, up to `at_most`, of any hash of the old site's; 0 when none is left."""
    iterations = literal_column(OLD_HASH_ITERATIONS, Integer)
    statement = select(func.max(iterations)).select_from(CustomUser).where(iterations <= at_most)
    return (await session.scalar(statement)) or 0
