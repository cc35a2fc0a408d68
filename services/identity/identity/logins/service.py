"""Log in, and change a password: what needs the old one. Every attempt is on record, whatever it came to.

A password is compared between two transactions, so that no connection is held meanwhile; the second one looks
whether the first one's word still holds.
"""

import asyncio
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass
from weakref import WeakValueDictionary

from chassis.auth import Principal
from chassis.db import Database
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
from identity.tokens.issuer import Issuer

ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class Identified:
    """The account that a login name stands for, and the hash its password was compared with."""

    user_id: int
    password_hash: str


async def log_in(
    database: Database, hasher: Hasher, issuer: Issuer, *, name: str, password: str, origin: Origin
) -> TokenPair:
    """Open a session for who knows the password. Raises WrongCredentials, or, after the right password only,
    EmailNotVerified or SecondFactorRequired."""
    for _ in range(ATTEMPTS):
        async with database.transaction() as session:
            account = await accounts.find_by_login_name(session, name)
            known = None if account is None else Identified(account.id, account.password)
        verdict = await hasher.verify(password, known.password_hash if known else None)
        async with _turn_of(known), database.transaction() as session:
            if known is None:
                login_attempts.record_unknown(session, name, origin)
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
    locked = await login_attempts.is_locked(session, account, origin)
    outcome = judge(
        right=verdict.right,
        is_active=account.is_active,
        is_email_verified=account.is_email_verified,
        locked=locked,
    )
    if outcome is Outcome.WELCOME:
        if verdict.better_hash is not None:
            accounts.renew_hash(account, verdict.better_hash)
        return await second_factors.admit(session, issuer, account, origin, "password")
    login_attempts.record(session, account.id, origin, "password", outcome)
    if outcome is Outcome.UNVERIFIED:
        return EmailNotVerified()
    if outcome is Outcome.WRONG:
        login_attempts.count_wrong(account, issuer.settings.lockout_after)
    return WrongCredentials()


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
