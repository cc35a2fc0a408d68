"""Put attempts on record, count the wrong ones, and clear away what is old."""

import hashlib
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from chassis.db import now
from chassis.pagination import PageParams, page
from contracts.fields import LoginMethod
from sqlalchemy.ext.asyncio import AsyncSession

from identity.accounts import service as accounts
from identity.accounts.service import Account
from identity.login_attempts import queries, rules
from identity.login_attempts.models import LoginLog, UnknownLoginAttempt
from identity.login_attempts.rules import Outcome, lock_after
from identity.origin import Origin
from identity.sessions import service as sessions

PURGE_BATCH = 1000
UNKNOWN_ATTEMPTS_KEPT = timedelta(days=90)

Attempt = LoginLog
"""An attempt on record, as other slices read it."""


def record(
    session: AsyncSession, user_id: int, origin: Origin, method: LoginMethod, outcome: Outcome
) -> None:
    """Put an attempt on an existing account on record."""
    session.add(
        LoginLog(
            user_id=user_id,
            timestamp=now(),
            ip_address=origin.address,
            user_agent=origin.user_agent,
            successful=outcome is Outcome.WELCOME,
            outcome=outcome.value,
            login_method=method,
        )
    )


def record_unknown(session: AsyncSession, name: str, origin: Origin) -> None:
    """Put an attempt with a name that no account has on record."""
    session.add(
        UnknownLoginAttempt(
            name_digest=hashlib.sha256(name.lower().encode()).digest(),
            timestamp=now(),
            ip_address=origin.address,
            user_agent=origin.user_agent,
        )
    )


async def is_known_device(session: AsyncSession, user_id: int, origin: Origin) -> bool:
    """Whether the account has a live session on the device that is there."""
    return await sessions.is_known_device(session, user_id, origin.address, origin.user_agent)


async def is_locked(session: AsyncSession, account: Account, origin: Origin) -> bool:
    """Whether the account's lockout is in the way of who comes from there, or a ban, of which nobody is spared."""
    if accounts.is_banned(account, now()):
        return True
    instant = now()
    if not rules.is_locked(account.temporary_ban_until, instant, known_device=False):
        return False
    known_device = await is_known_device(session, account.id, origin)
    return rules.is_locked(account.temporary_ban_until, instant, known_device=known_device)


def count_wrong(account: Account, allowed: int) -> None:
    """Count a wrong password or second factor on a locked row; from `allowed` in a row on the account is locked."""
    attempts = account.failed_login_attempts + 1
    lock = lock_after(attempts, allowed)
    accounts.note_wrong_password(account, attempts, None if lock is None else now() + lock)


async def list_of(
    session: AsyncSession, user_id: int, params: PageParams
) -> tuple[Sequence[Attempt], str | None]:
    """A page of an account's attempts, newest first, and the cursor of the next."""
    key: list[Any] = [(LoginLog.timestamp, "desc"), (LoginLog.id, "desc")]
    return await page(session, queries.of_account(user_id), params, key=key)


async def export_of(session: AsyncSession, user_id: int) -> list[dict[str, Any]]:
    """Every attempt on an account, oldest first, as JSON values."""
    rows = await session.scalars(queries.of_account(user_id).order_by(LoginLog.id))
    return [
        {
            "at": row.timestamp.isoformat(),
            "ip_address": str(row.ip_address),
            "user_agent": row.user_agent,
            "successful": row.successful,
            "outcome": row.outcome,
            "login_method": row.login_method,
        }
        for row in rows
    ]


async def purge_unknown(session: AsyncSession) -> int:
    """Delete a batch of the attempts on unknown names that are too old to matter; how many."""
    return await queries.delete_old(session, UnknownLoginAttempt, now() - UNKNOWN_ATTEMPTS_KEPT, PURGE_BATCH)


async def purge_known(session: AsyncSession, *, days: int) -> int:
    """Delete a batch of the attempts older than `days`; how many."""
    return await queries.delete_old(session, LoginLog, now() - timedelta(days=days), PURGE_BATCH)
