"""Compare a password, or a session's age, with what a change asks for."""

import math
from datetime import timedelta

from chassis.auth import Principal
from chassis.db import Database, now
from chassis.errors import Unavailable
from sqlalchemy.ext.asyncio import AsyncSession

from identity.accounts import service as accounts
from identity.accounts.service import Account
from identity.login_attempts import service as login_attempts
from identity.passwords.hashing import Hasher
from identity.reauthentication.errors import CurrentPasswordWrong, LockedOut, ReauthenticationRequired
from identity.sessions import service as sessions
from identity.settings import Settings


def refuse_while_locked(account: Account) -> None:
    """Raise LockedOut while a lockout lasts: who took over a session does not go on guessing in it."""
    instant = now()
    if account.temporary_ban_until is not None and instant < account.temporary_ban_until:
        seconds = math.ceil((account.temporary_ban_until - instant).total_seconds())
        raise LockedOut("Wait before you try again.", retry_after=seconds)


async def require_password(
    database: Database, hasher: Hasher, settings: Settings, principal: Principal, password: str
) -> str:
    """The hash that this is the password of; it may be another one by the time the caller locks the account.

    Raises CurrentPasswordWrong (which counts towards the lockout), LockedOut or SessionEnded.
    """
    async with database.transaction() as session:
        await sessions.require_live(session, principal.user_id, principal.sid)
        account = await accounts.find(session, principal.user_id)
        refuse_while_locked(account)
        compared = account.password
    verdict = await hasher.verify(password, compared)
    if verdict.right:
        return compared
    async with database.transaction() as session:
        account = await accounts.lock(session, principal.user_id)
        login_attempts.count_wrong(account, settings.lockout_after)
    raise CurrentPasswordWrong


async def require_password_or_fresh_login(
    database: Database, hasher: Hasher, settings: Settings, principal: Principal, password: str | None
) -> None:
    """Ask for the password, unless the session was opened a few minutes ago (who has no password logs in again).

    Raises ReauthenticationRequired, and what `require_password` raises.
    """
    if password is not None:
        await require_password(database, hasher, settings, principal, password)
        return
    async with database.transaction() as session:
        opened = await sessions.opened_at(session, principal.user_id, principal.sid)
    if now() - opened > timedelta(minutes=settings.fresh_login_minutes):
        raise ReauthenticationRequired


async def lock_unchanged(session: AsyncSession, user_id: int, compared: str) -> Account:
    """The account, locked, if its password is still the one that was compared; raises Unavailable."""
    account = await accounts.lock(session, user_id)
    if account.password != compared:
        raise Unavailable("The account is being changed just now.")
    return account
