"""Ask for a second factor between a login's first one and its session, and judge the answer.

Every way to log in that proves one factor (a password, a provider's word) ends in `admit`.
"""

import math
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from chassis.auth import Principal
from chassis.db import Database, now
from chassis.errors import LyceumError
from chassis.mail import send_mail
from contracts.fields import LoginMethod
from sqlalchemy.ext.asyncio import AsyncSession

from identity.accounts import service as accounts
from identity.accounts.service import Account
from identity.administration import service as administration
from identity.audit import service as audit
from identity.login_attempts import service as login_attempts
from identity.login_attempts.rules import Outcome
from identity.origin import Origin
from identity.passkeys import service as passkeys
from identity.reauthentication import service as reauthentication
from identity.second_factors import queries
from identity.second_factors.errors import (
    AlreadySwitchedOn,
    ChallengeInvalid,
    CodeWrong,
    NotSwitchedOn,
    SecondFactorLocked,
    SecondFactorRequired,
    SecondFactorWrong,
)
from identity.second_factors.models import Authenticator, Challenge, RecoveryCode
from identity.second_factors.rules import (
    CHALLENGE_LIVES,
    RECOVERY_CODES,
    TRIES_PER_CHALLENGE,
    matching_step,
    new_challenge,
    new_recovery_code,
    new_totp_secret,
    otpauth_uri,
    same_place,
    step_of,
    stored,
    typed,
)
from identity.sessions import service as sessions
from identity.sessions.service import TokenPair
from identity.settings import Settings
from identity.tokens.issuer import Issuer
from identity.vault import Vault

PURGE_BATCH = 1000
RESET = "identity.reset_second_factor"
"""The permission of the staff who help those that lost theirs."""

# --- after the first factor ---------------------------------------------------------------------------------


async def is_on(session: AsyncSession, user_id: int) -> bool:
    """Whether an account asks for a second factor."""
    return await queries.is_on(session, user_id)


async def admit(
    session: AsyncSession, issuer: Issuer, account: Account, origin: Origin, method: LoginMethod
) -> TokenPair | SecondFactorRequired:
    """Let in whoever proved the first factor of a locked, active account that no lockout keeps shut: a session, or,
    where the account has a second factor, the challenge for it. Either is put on record as an attempt.

    The challenge comes as an error that the caller raises once its transaction has committed: raised inside, it
    would roll itself back.
    """
    if not await queries.is_on(session, account.id):
        login_attempts.record(session, account.id, origin, method, Outcome.WELCOME)
        accounts.note_login(account, now(), None)
        return await sessions.open_session(session, issuer, account, origin, method)
    login_attempts.record(session, account.id, origin, method, Outcome.HALFWAY)
    return await _challenge(session, issuer.settings, account, origin, method)


async def _challenge(
    session: AsyncSession, settings: Settings, account: Account, origin: Origin, method: LoginMethod
) -> SecondFactorRequired:
    challenge, instant = new_challenge(), now()
    session.add(
        Challenge(
            digest=stored(challenge),
            user_id=account.id,
            login_method=method,
            ip_address=origin.address,
            user_agent=origin.user_agent,
            created_at=instant,
            expires_at=instant + CHALLENGE_LIVES,
            attempts=0,
        )
    )
    methods = ["totp"]
    if await queries.count_unused_codes(session, account.id):
        methods.append("recovery_code")
    expires_in = int(CHALLENGE_LIVES.total_seconds())
    options = await passkeys.second_factor_options(session, settings, account.id, challenge)
    if options is None:
        return SecondFactorRequired(challenge=challenge, methods=methods, expires_in=expires_in)
    methods.append("passkey")
    return SecondFactorRequired(
        challenge=challenge, methods=methods, expires_in=expires_in, passkey_options=options
    )


# --- the answer ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Proof:
    """A second factor as it was given: one of these."""

    code: str | None = None
    recovery_code: str | None = None
    credential: dict[str, Any] | None = None


async def answer(
    database: Database, issuer: Issuer, challenge: str, proof: Proof, origin: Origin
) -> TokenPair:
    """Open the session that the first factor was given for.

    Raises ChallengeInvalid, SecondFactorWrong (which counts towards the lockout) or SecondFactorLocked.
    """
    async with database.transaction() as session:
        settled = await _answer(session, issuer, challenge, proof, origin)
    # Raised only now: what was counted is committed.
    if isinstance(settled, LyceumError):
        raise settled
    return settled


async def _answer(
    session: AsyncSession, issuer: Issuer, challenge: str, proof: Proof, origin: Origin
) -> TokenPair | LyceumError:
    digest = stored(challenge)
    found = await queries.challenge_of(session, digest)
    if found is None:
        return ChallengeInvalid()
    account = await accounts.lock(session, found.user_id)
    asked = await queries.challenge_of(session, digest, lock=True)
    if asked is None or not account.is_active or not _is_open(asked, origin):
        return ChallengeInvalid()
    method = cast("LoginMethod", asked.login_method)
    if await login_attempts.is_locked(session, account, origin):
        login_attempts.record(session, account.id, origin, method, Outcome.LOCKED)
        return SecondFactorLocked("Wait before you try again.", retry_after=_seconds_locked(account))
    asked.attempts += 1
    if not await is_right(session, issuer, account, proof, challenge):
        login_attempts.record(session, account.id, origin, method, Outcome.WRONG_SECOND_FACTOR)
        login_attempts.count_wrong(account, issuer.settings.lockout_after)
        return SecondFactorWrong(TRIES_PER_CHALLENGE - asked.attempts)
    asked.used_at = now()
    login_attempts.record(session, account.id, origin, method, Outcome.WELCOME)
    accounts.note_login(account, now(), None)
    return await sessions.open_session(session, issuer, account, origin, method)


def _is_open(asked: Challenge, origin: Origin) -> bool:
    return (
        asked.used_at is None
        and asked.expires_at > now()
        and asked.attempts < TRIES_PER_CHALLENGE
        and asked.user_agent == origin.user_agent
        and same_place(asked.ip_address, origin.address)
    )


def _seconds_locked(account: Account) -> int:
    until = account.temporary_ban_until
    return 1 if until is None else max(1, math.ceil((until - now()).total_seconds()))


async def is_right(
    session: AsyncSession, issuer: Issuer, account: Account, proof: Proof, challenge: str | None = None
) -> bool:
    """Whether this is a second factor of the locked account. A code that is right is used up by being asked about.

    A passkey answers a challenge; without one it is never right.
    """
    if proof.code is not None:
        return await _use_code(session, issuer, account.id, proof.code)
    if proof.recovery_code is not None:
        return await _use_recovery_code(session, account, proof.recovery_code)
    if proof.credential is not None and challenge is not None:
        return await passkeys.is_second_factor(session, issuer.settings, account, proof.credential, challenge)
    return False


async def _use_code(session: AsyncSession, issuer: Issuer, user_id: int, code: str) -> bool:
    app = await queries.authenticator_of(session, user_id, lock=True)
    if app is None or app.confirmed_at is None:
        return False
    step = matching_step(_secret_of(issuer, app), typed(code), step_of(now()), later_than=app.last_step)
    if step is None:
        return False
    app.last_step = step
    return True


def _secret_of(issuer: Issuer, app: Authenticator) -> str:
    return issuer.vault.open(app.secret, _purpose(app.user_id)).decode()


def _purpose(user_id: int) -> str:
    return f"totp secret {user_id}"


async def _use_recovery_code(session: AsyncSession, account: Account, code: str) -> bool:
    row = await queries.lock_unused_code(session, account.id, stored(typed(code)))
    if row is None:
        return False
    row.used_at = now()
    await session.flush()
    left = await queries.count_unused_codes(session, account.id)
    await _tell(session, account, "recovery_code_used", left=left)
    return True


async def _tell(session: AsyncSession, account: Account, template: str, **context: Any) -> None:
    name = account.first_name or account.username
    await send_mail(session, to=account.email, template=template, context={"name": name, **context})


# --- one's own -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class State:
    """What an account has: the app since when, and how many recovery codes are left."""

    is_on: bool
    confirmed_at: datetime | None
    recovery_codes_left: int


@dataclass(frozen=True, slots=True)
class Enrollment:
    """What an authenticator app is told, as text and as the URI of a QR code."""

    secret: str
    otpauth_uri: str


async def state_of(session: AsyncSession, user_id: int) -> State:
    """The second factor of an account as its owner sees it."""
    app = await queries.authenticator_of(session, user_id)
    if app is None or app.confirmed_at is None:
        return State(False, None, 0)
    return State(True, app.confirmed_at, await queries.count_unused_codes(session, user_id))


async def begin_totp(session: AsyncSession, issuer: Issuer, user_id: int) -> Enrollment:
    """A new secret for an authenticator app. Nothing asks for its codes before one of them was confirmed; another
    beginning puts another secret in its place. Raises AlreadySwitchedOn."""
    account = await accounts.lock(session, user_id)
    app = await queries.authenticator_of(session, user_id, lock=True)
    if app is not None and app.confirmed_at is not None:
        raise AlreadySwitchedOn("Switch it off before you change to another app.")
    secret = new_totp_secret()
    sealed = issuer.vault.seal(secret.encode(), _purpose(user_id))
    if app is None:
        session.add(Authenticator(user_id=user_id, secret=sealed))
    else:
        app.secret, app.last_step, app.created_at = sealed, 0, now()
    return Enrollment(secret, otpauth_uri(secret, account.email))


async def confirm_totp(session: AsyncSession, issuer: Issuer, user_id: int, code: str) -> list[str]:
    """Switch the second factor on with a first code of the app; the recovery codes, which are not seen again.

    Raises AlreadySwitchedOn, NotSwitchedOn when nothing was begun, and CodeWrong.
    """
    account = await accounts.lock(session, user_id)
    app = await queries.authenticator_of(session, user_id, lock=True)
    if app is None:
        raise NotSwitchedOn("Begin first.")
    if app.confirmed_at is not None:
        raise AlreadySwitchedOn
    step = matching_step(_secret_of(issuer, app), typed(code), step_of(now()), later_than=app.last_step)
    if step is None:
        raise CodeWrong("Is the clock of your device right? Try the next code.")
    app.last_step, app.confirmed_at = step, now()
    await _tell(session, account, "second_factor_on")
    return await _new_codes(session, user_id)


async def _new_codes(session: AsyncSession, user_id: int) -> list[str]:
    await queries.delete_codes(session, user_id)
    codes = [new_recovery_code() for _ in range(RECOVERY_CODES)]
    session.add_all(RecoveryCode(user_id=user_id, digest=stored(typed(code))) for code in codes)
    await session.flush()
    return codes


async def require_owner(database: Database, issuer: Issuer, principal: Principal, proof: Proof) -> None:
    """Ask who is logged in for a code of theirs. Raises CodeWrong (which counts towards the lockout), LockedOut,
    NotSwitchedOn or SessionEnded."""
    async with database.transaction() as session:
        await sessions.require_live(session, principal.user_id, principal.sid)
        account = await accounts.lock(session, principal.user_id)
        reauthentication.refuse_while_locked(account)
        if not await queries.is_on(session, account.id):
            raise NotSwitchedOn
        right = await is_right(session, issuer, account, proof)
        if not right:
            login_attempts.count_wrong(account, issuer.settings.lockout_after)
    # Raised only now: what was counted is committed.
    if not right:
        raise CodeWrong


async def renew_recovery_codes(session: AsyncSession, user_id: int) -> list[str]:
    """A new set of codes in place of all old ones, whose owner is mailed. Raises NotSwitchedOn."""
    account = await _lock_switched_on(session, user_id)
    codes = await _new_codes(session, user_id)
    await _tell(session, account, "recovery_codes_renewed")
    return codes


async def switch_off(session: AsyncSession, user_id: int) -> None:
    """Take the app and the recovery codes off an account, whose owner is mailed. Raises NotSwitchedOn."""
    account = await _lock_switched_on(session, user_id)
    await forget(session, user_id)
    await _tell(session, account, "second_factor_off")


async def switch_off_for(session: AsyncSession, staff: Principal, user_id: int) -> None:
    """Let somebody who lost their second factor in with the first one, on the staff's word. Every session of the account
    ends: whoever talked them into it may be in already. Raises NotSwitchedOn, NotFound, BeyondOwnRights."""
    actor = await administration.begin_act(session, staff, RESET)
    await administration.lock_within_reach(session, actor, user_id)
    account = await _lock_switched_on(session, user_id)
    await forget(session, user_id)
    await sessions.end_all(session, user_id, "session_ended")
    await audit.record(
        session, staff, "user.second_factor_reset", "user", user_id, {"second_factor": [True, False]}
    )
    await _tell(session, account, "second_factor_off_by_staff")


async def _lock_switched_on(session: AsyncSession, user_id: int) -> Account:
    account = await accounts.lock(session, user_id)
    if not await queries.is_on(session, user_id):
        raise NotSwitchedOn
    return account


async def forget_challenges(session: AsyncSession, user_id: int) -> None:
    """Let no login go on that stands between its factors; the caller holds the account's lock."""
    await queries.delete_challenges_of(session, user_id)


async def forget(session: AsyncSession, user_id: int) -> None:
    """Remove whatever is kept of an account's second factor; the caller holds the account's lock."""
    await queries.delete_challenges_of(session, user_id)
    await queries.delete_codes(session, user_id)
    await queries.delete_authenticator(session, user_id)


async def export_of(session: AsyncSession, user_id: int) -> dict[str, Any]:
    """What is kept of an account's second factor, as JSON values; neither the secret nor a code."""
    app = await queries.authenticator_of(session, user_id)
    codes = await queries.codes_of(session, user_id)
    return {
        "totp": None
        if app is None
        else {"created_at": _iso(app.created_at), "confirmed_at": _iso(app.confirmed_at)},
        "recovery_codes": [
            {"created_at": _iso(code.created_at), "used_at": _iso(code.used_at)} for code in codes
        ],
    }


def _iso(instant: datetime | None) -> str | None:
    return None if instant is None else instant.isoformat()


# --- housekeeping -------------------------------------------------------------------------------------------


async def purge_expired(session: AsyncSession) -> int:
    """Delete a batch of challenges that are over; how many."""
    return await queries.delete_expired_challenges(session, now(), PURGE_BATCH)


async def reseal_batch(session: AsyncSession, vault: Vault) -> int:
    """Seal a batch of secrets again that were sealed with an older key; how many."""
    rows = await queries.lock_sealed_otherwise(session, vault.key_id, PURGE_BATCH)
    for row in rows:
        row.secret = vault.reseal(row.secret, _purpose(row.user_id))
    return len(rows)
