"""Log in, and change a password: what needs the old one. Every attempt is on record, whatever it came to.

A password is compared between two transactions, so that no connection is held meanwhile; the second one looks
whether the first one's word still holds.
"""

import asyncio
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass, replace
from typing import Any
from weakref import WeakKeyDictionary, WeakValueDictionary

from chassis.auth import Principal
from chassis.db import Database, now
from chassis.errors import LyceumError, Unavailable
from chassis.mail import send_mail
from sqlalchemy.ext.asyncio import AsyncSession

from identity.accounts import service as accounts
from identity.accounts.service import Account
from identity.login_attempts import service as login_attempts
from identity.login_attempts.rules import Outcome, judge
from identity.logins.errors import EmailNotVerified, WrongCredentials
from identity.origin import Origin
from identity.passwords.hashing import Hasher, Verdict
from identity.passwords.rules import check_new_password
from identity.reauthentication import service as reauthentication
from identity.second_factors import service as second_factors
from identity.sessions import service as sessions
from identity.sessions.service import TokenPair
from identity.settings import Settings
from identity.throttles import service as throttles
from identity.throttles.service import Bucket
from identity.tokens.issuer import Issuer

ATTEMPTS = 3
LOGINS_AT_ONCE = 4


@dataclass(frozen=True, slots=True)
class Attempt:
    """A name and where it was typed, and, if it has one, its account and the hash that the password is compared with."""

    name: str
    origin: Origin
    buckets: list[Bucket]
    user_id: int | None
    password_hash: str | None


@dataclass(frozen=True, slots=True)
class Refused:
    """Why nobody is let in, and what the refusal has yet to cost so that all cost the same, in rounds of PBKDF2."""

    error: LyceumError
    rounds: int = 0


async def log_in(
    database: Database, hasher: Hasher, issuer: Issuer, *, name: str, password: str, origin: Origin
) -> TokenPair:
    """Open a session for who knows the password. Raises WrongCredentials or TriedTooOften, or, after the right
    password only, EmailNotVerified or SecondFactorRequired.

    Until the right password is given, all answers come after the same work, whatever there is behind the name.
    """
    async with _door_of(database):
        attempt = await _begin(database, issuer.settings, name, origin)
    for _ in range(ATTEMPTS):
        verdict = await hasher.verify(password, attempt.password_hash)
        async with _turn_of(attempt.user_id), _door_of(database), database.transaction() as session:
            settled = await _settle(session, issuer, attempt, verdict)
        # Raised only now: what was recorded is committed.
        if isinstance(settled, Refused):
            await hasher.spend(password, settled.rounds)
            raise settled.error
        if settled is not None:
            return settled
        async with database.transaction() as session:
            account = await accounts.find_by_login_name(session, name)
        known = None if account is None else (account.id, account.password)
        attempt = replace(attempt, user_id=known and known[0], password_hash=known and known[1])
    raise Unavailable("The account is being changed just now.")


async def _begin(database: Database, settings: Settings, name: str, origin: Origin) -> Attempt:
    """Find the account and take the try from its buckets. Raises TriedTooOften, which is on record like every attempt.

    A device with a live session is spared, as it is the lockout: it does not pay for the guesses of others.
    """
    async with database.transaction() as session:
        account = await accounts.find_by_login_name(session, name)
        user_id = None if account is None else account.id
        buckets = throttles.buckets_of_login(settings, name, origin.address)
        attempt = Attempt(name, origin, buckets, user_id, None if account is None else account.password)
        refusal = await throttles.take(session, buckets)
        if refusal is not None:
            asked = accounts.NOBODY if user_id is None else user_id
            if await sessions.is_known_device(session, asked, origin.address, origin.user_agent):
                refusal = None
            else:
                _record(session, attempt, Outcome.THROTTLED)
    # Raised only now: what was recorded is committed.
    if refusal is not None:
        raise refusal
    return attempt


def _record(session: AsyncSession, attempt: Attempt, outcome: Outcome) -> None:
    if attempt.user_id is None:
        login_attempts.record_unknown(session, attempt.name, attempt.origin)
    else:
        login_attempts.record(session, attempt.user_id, attempt.origin, "password", outcome)


_doors: WeakKeyDictionary[Database, asyncio.Semaphore] = WeakKeyDictionary()


def _door_of(database: Database) -> asyncio.Semaphore:
    """So many logins are in the database at once, fewer than there are connections: a crowd that logs in waits here,
    not in the queue of those who refresh, or only want to know whether we are well."""
    door = _doors.get(database)
    if door is None:
        door = _doors[database] = asyncio.Semaphore(LOGINS_AT_ONCE)
    return door


_turns: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()


def _turn_of(user_id: int | None) -> AbstractAsyncContextManager[object]:
    """Logins to one account settle one by one. Waiting here costs nothing; waiting for the row's lock in the
    database holds a connection, and a hundred logins to one account would hold them all."""
    if user_id is None:
        return nullcontext()
    turn = _turns.get(user_id)
    if turn is None:
        turn = _turns[user_id] = asyncio.Lock()
    return turn


async def _settle(
    session: AsyncSession, issuer: Issuer, attempt: Attempt, verdict: Verdict
) -> TokenPair | Refused | None:
    """What the attempt comes to; None when the password was changed while it was compared: compare again."""
    if attempt.user_id is None:
        # The statements of a wrong password, one by one.
        await accounts.go_through_the_motions(session)
        await login_attempts.is_known_device(session, accounts.NOBODY, attempt.origin)
        _record(session, attempt, Outcome.WRONG)
        return await _refuse(session, verdict)
    account = await accounts.lock(session, attempt.user_id)
    if account.password != attempt.password_hash:
        return None
    outcome = judge(
        right=verdict.right,
        is_active=account.is_active,
        is_email_verified=account.is_email_verified,
        locked=await login_attempts.is_locked(session, account, attempt.origin),
    )
    if outcome is Outcome.WELCOME:
        return await _welcome(session, issuer, account, attempt, verdict)
    _record(session, attempt, outcome)
    if outcome is Outcome.UNVERIFIED:
        await throttles.give_back(session, attempt.buckets)
        return Refused(EmailNotVerified())
    was_locked = account.temporary_ban_until is not None and now() < account.temporary_ban_until
    if not was_locked:
        # A locked account's device was looked up already.
        await login_attempts.is_known_device(session, accounts.NOBODY, attempt.origin)
    if outcome is Outcome.WRONG:
        login_attempts.count_wrong(account, issuer.settings.lockout_after)
    else:
        await accounts.touch_nobody(session)
    return await _refuse(session, verdict)


async def _welcome(
    session: AsyncSession, issuer: Issuer, account: Account, attempt: Attempt, verdict: Verdict
) -> TokenPair | Refused:
    if verdict.better_hash is not None:
        accounts.renew_hash(account, verdict.better_hash)
    admitted = await second_factors.admit(session, issuer, account, attempt.origin, "password")
    # Last, for the rows are others' too.
    await throttles.give_back(session, attempt.buckets)
    return Refused(admitted) if isinstance(admitted, LyceumError) else admitted


async def _refuse(session: AsyncSession, verdict: Verdict) -> Refused:
    """As long as there are old hashes, every refusal costs what the costliest of them does."""
    return Refused(WrongCredentials(), await accounts.costliest_old_hash(session) - verdict.rounds)


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
        # A new password that will not do is told before the old one is compared, and counted.
        reauthentication.refuse_while_locked(account)
        check_new_password(new, own=(account.email, account.username))
    compared = await reauthentication.require_password(database, hasher, issuer.settings, principal, current)
    new_hash = await hasher.hash(new)
    async with database.transaction() as session:
        account = await reauthentication.lock_unchanged(session, principal.user_id, compared)
        return await _change(session, issuer, account, new_hash, origin)


async def _change(
    session: AsyncSession, issuer: Issuer, account: Account, new_hash: str, origin: Origin
) -> TokenPair:
    accounts.set_password(account, new_hash)
    await second_factors.forget_challenges(session, account.id)
    await sessions.end_all(session, account.id, "password_changed")
    name = account.first_name or account.username
    await send_mail(session, to=account.email, template="password_changed", context={"name": name})
    return await sessions.open_session(session, issuer, account, origin, "password")


async def export_of(session: AsyncSession, user_id: int) -> list[dict[str, Any]]:
    """Every attempt to log in to an account, as JSON values."""
    return await login_attempts.export_of(session, user_id)
