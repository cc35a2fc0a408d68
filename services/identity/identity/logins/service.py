"""Log in, and change a password: what needs the old one. Every attempt is on record, whatever it came to.

A password is compared between two transactions, so that no connection is held meanwhile; the second one looks
whether the first one's word still holds.
"""

import asyncio
import hashlib
import math
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass
from datetime import timedelta
from weakref import WeakValueDictionary

from chassis.auth import Principal
from chassis.db import Database, now
from chassis.errors import LyceumError, Unavailable
from chassis.mail import send_mail
from sqlalchemy.ext.asyncio import AsyncSession

from identity.accounts import service as accounts
from identity.accounts.service import Account
from identity.logins import queries
from identity.logins.errors import CurrentPasswordWrong, EmailNotVerified, LockedOut, WrongCredentials
from identity.logins.models import LoginLog, UnknownLoginAttempt
from identity.logins.rules import Outcome, judge, lock_after
from identity.origin import Origin
from identity.passwords.hashing import Hasher, Verdict
from identity.passwords.rules import check_new_password
from identity.sessions import service as sessions
from identity.sessions.service import TokenPair
from identity.tokens.issuer import Issuer

ATTEMPTS = 3
PURGE_BATCH = 1000
UNKNOWN_ATTEMPTS_KEPT = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Identified:
    """The account that a login name stands for, and the hash its password was compared with."""

    user_id: int
    password_hash: str


async def log_in(
    database: Database, hasher: Hasher, issuer: Issuer, *, name: str, password: str, origin: Origin
) -> TokenPair:
    """Open a session for who knows the password. Raises WrongCredentials, or EmailNotVerified."""
    for _ in range(ATTEMPTS):
        async with database.transaction() as session:
            account = await accounts.find_by_login_name(session, name)
            known = None if account is None else Identified(account.id, account.password)
        verdict = await hasher.verify(password, known.password_hash if known else None)
        async with _turn_of(known), database.transaction() as session:
            if known is None:
                _record_unknown(session, name, origin)
                settled: TokenPair | LyceumError | None = WrongCredentials()
            else:
                settled = await _settle(session, issuer, known, verdict, origin)
        # Raised only now: what was recorded is committed.
        if isinstance(settled, LyceumError):
            raise settled
        if settled is not None:
            return settled
    raise Unavailable("The account is being changed just now.")


_turns: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()


def _turn_of(known: Identified | None) -> AbstractAsyncContextManager[object]:
    """Logins to one account settle one by one. Waiting here costs nothing; waiting for the row's lock in the
    database holds a connection, and a hundred logins to one account would hold them all."""
    if known is None:
        return nullcontext()
    turn = _turns.get(known.user_id)
    if turn is None:
        turn = _turns[known.user_id] = asyncio.Lock()
    return turn


async def _settle(
    session: AsyncSession, issuer: Issuer, known: Identified, verdict: Verdict, origin: Origin
) -> TokenPair | LyceumError | None:
    """What the attempt comes to; None when the password was changed while it was compared: compare again."""
    account = await accounts.lock(session, known.user_id)
    if account.password != known.password_hash:
        return None
    outcome = await _judge(session, account, verdict.right, origin)
    instant = now()
    session.add(
        LoginLog(
            user_id=account.id,
            timestamp=instant,
            ip_address=origin.address,
            user_agent=origin.user_agent,
            successful=outcome is Outcome.WELCOME,
        )
    )
    match outcome:
        case Outcome.WELCOME:
            accounts.note_login(account, instant, verdict.better_hash)
            return await sessions.open_session(session, issuer, account, origin, "password")
        case Outcome.UNVERIFIED:
            return EmailNotVerified()
        case Outcome.WRONG:
            _count_wrong(account, issuer.settings.lockout_after)
    return WrongCredentials()


async def _judge(session: AsyncSession, account: Account, right: bool, origin: Origin) -> Outcome:
    instant = now()
    locked = account.temporary_ban_until is not None and instant < account.temporary_ban_until
    known_device = locked and await sessions.is_known_device(
        session, account.id, origin.address, origin.user_agent
    )
    return judge(
        right=right,
        is_active=account.is_active,
        is_email_verified=account.is_email_verified,
        locked_until=account.temporary_ban_until,
        known_device=known_device,
        instant=instant,
    )


def _count_wrong(account: Account, allowed: int) -> None:
    attempts = account.failed_login_attempts + 1
    lock = lock_after(attempts, allowed)
    accounts.note_wrong_password(account, attempts, None if lock is None else now() + lock)


def _record_unknown(session: AsyncSession, name: str, origin: Origin) -> None:
    session.add(
        UnknownLoginAttempt(
            name_digest=hashlib.sha256(name.lower().encode()).digest(),
            timestamp=now(),
            ip_address=origin.address,
            user_agent=origin.user_agent,
        )
    )


async def change_password(
    database: Database,
    hasher: Hasher,
    issuer: Issuer,
    principal: Principal,
    *,
    current: str,
    new: str,
    origin: Origin,
) -> TokenPair:
    """Set a new password, end every session of the account and open one for who changed it.

    Raises CurrentPasswordWrong (which counts towards the lockout), LockedOut, PasswordTooCommon,
    PasswordTooObvious, or SessionEnded.
    """
    async with database.transaction() as session:
        await sessions.require_live(session, principal.user_id, principal.sid)
        account = await accounts.find(session, principal.user_id)
        _refuse_while_locked(account)
        check_new_password(new, own=(account.email, account.username))
        compared = account.password
    verdict = await hasher.verify(current, compared)
    new_hash = await hasher.hash(new) if verdict.right else ""
    async with database.transaction() as session:
        account = await accounts.lock(session, principal.user_id)
        if not verdict.right:
            _count_wrong(account, issuer.settings.lockout_after)
            pair = None
        else:
            if account.password != compared:
                raise Unavailable("The account is being changed just now.")
            pair = await _change(session, issuer, account, new_hash, origin)
    if pair is None:
        raise CurrentPasswordWrong
    return pair


def _refuse_while_locked(account: Account) -> None:
    instant = now()
    if account.temporary_ban_until is not None and instant < account.temporary_ban_until:
        seconds = math.ceil((account.temporary_ban_until - instant).total_seconds())
        raise LockedOut("Wait before you try again.", retry_after=seconds)


async def _change(
    session: AsyncSession, issuer: Issuer, account: Account, new_hash: str, origin: Origin
) -> TokenPair:
    accounts.set_password(account, new_hash)
    await sessions.end_all(session, account.id, "password_changed")
    name = account.first_name or account.username
    await send_mail(session, to=account.email, template="password_changed", context={"name": name})
    return await sessions.open_session(session, issuer, account, origin, "password")


async def purge_unknown_attempts(session: AsyncSession) -> int:
    """Delete a batch of the attempts on unknown names that are too old to matter; how many."""
    return await queries.delete_unknown_attempts(session, now() - UNKNOWN_ATTEMPTS_KEPT, PURGE_BATCH)
