"""Register passkeys, log in with them, and let them answer for a second factor."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from chassis.auth import Principal
from chassis.db import Database, now
from chassis.errors import LyceumError, NotFound
from chassis.mail import send_mail
from chassis.pagination import PageParams, page
from sqlalchemy.ext.asyncio import AsyncSession

from identity.accounts import service as accounts
from identity.accounts.rules import display_name
from identity.accounts.service import Account
from identity.login_attempts import service as login_attempts
from identity.login_attempts.rules import Outcome, judge
from identity.origin import Origin
from identity.passkeys import ceremonies, queries
from identity.passkeys.ceremonies import Known, Used
from identity.passkeys.errors import PasskeyRefused, PasskeyTaken, PasskeyUnfit, TooManyPasskeys
from identity.passkeys.models import Passkey, PasskeyChallenge, PasskeyOwner
from identity.passkeys.rules import (
    CHALLENGE_LIVES,
    CREDENTIAL_BYTES_AT_MOST,
    PASSKEYS_AT_MOST,
    answered_challenge,
    counts_on,
    credential_id,
    new_challenge,
    new_handle,
    second_factor_challenge,
    site_of,
    stored,
    user_handle,
)
from identity.sessions import service as sessions
from identity.sessions.service import TokenPair
from identity.settings import Settings
from identity.throttles import service as throttles
from identity.throttles.service import Bucket
from identity.tokens.issuer import Issuer

PURGE_BATCH = 1000

# --- registering --------------------------------------------------------------------------------------------


async def begin_registration(session: AsyncSession, settings: Settings, user_id: int) -> dict[str, Any]:
    """Options for a new passkey of an account. Raises TooManyPasskeys."""
    account = await accounts.lock(session, user_id)
    passkeys = await _with_room(session, user_id)
    handle = await queries.handle_of(session, user_id)
    if handle is None:
        handle = new_handle()
        session.add(PasskeyOwner(user_id=user_id, handle=handle))
    challenge = _hand_out(session, user_id)
    return await ceremonies.creation_options(
        site_of(settings),
        challenge,
        handle=handle,
        name=account.email,
        display_name=display_name(account.first_name, account.last_name, account.username),
        known=_known(passkeys),
    )


async def _with_room(session: AsyncSession, user_id: int) -> Sequence[Passkey]:
    passkeys = await queries.all_of(session, user_id)
    if len(passkeys) >= PASSKEYS_AT_MOST:
        raise TooManyPasskeys("Delete one that you do not use any more.")
    return passkeys


def _hand_out(session: AsyncSession, user_id: int | None) -> bytes:
    challenge = new_challenge()
    expires_at = now() + CHALLENGE_LIVES
    session.add(PasskeyChallenge(digest=stored(challenge), user_id=user_id, expires_at=expires_at))
    return challenge


def _known(passkeys: Sequence[Passkey]) -> list[Known]:
    return [Known(one.credential_id, one.transports) for one in passkeys]


async def register(
    database: Database,
    settings: Settings,
    principal: Principal,
    *,
    name: str,
    credential: dict[str, Any],
    transports: Sequence[str],
) -> Passkey:
    """Keep a new passkey that answers a challenge of `begin_registration`, and mail its owner.

    Raises PasskeyUnfit (its challenge is used up all the same), PasskeyTaken, TooManyPasskeys or SessionEnded.
    """
    challenge = answered_challenge(credential)
    async with database.transaction() as session:
        await sessions.require_live(session, principal.user_id, principal.sid)
        was_ours = await queries.take_challenge(session, stored(challenge), principal.user_id, now())
    made = await ceremonies.register(site_of(settings), challenge, credential) if was_ours else None
    if made is None or not 0 < len(made.credential_id) <= CREDENTIAL_BYTES_AT_MOST:
        raise PasskeyUnfit
    async with database.transaction() as session:
        account = await accounts.lock(session, principal.user_id)
        await _with_room(session, account.id)
        passkey = await queries.add(
            session,
            user_id=account.id,
            credential_id=made.credential_id,
            public_key=made.public_key,
            sign_count=made.sign_count,
            name=name,
            transports=list(transports),
            aaguid=made.aaguid,
            is_backed_up=made.is_backed_up,
            created_at=now(),
        )
        if passkey is None:
            raise PasskeyTaken
        await _tell(session, account, "passkey_added", passkey=name)
        session.expunge(passkey)
    return passkey


async def _tell(session: AsyncSession, account: Account, template: str, **context: Any) -> None:
    name = account.first_name or account.username
    await send_mail(session, to=account.email, template=template, context={"name": name, **context})


# --- logging in ---------------------------------------------------------------------------------------------


async def begin_login(database: Database, settings: Settings, origin: Origin) -> dict[str, Any]:
    """Options to log in with whatever passkey a device has for us; the same for everybody. Raises TriedTooOften."""
    await throttles.allow_passkey_options(database, settings, origin.address)
    async with database.transaction() as session:
        challenge = _hand_out(session, None)
    return await ceremonies.request_options(site_of(settings), challenge, verified=True)


@dataclass(frozen=True, slots=True)
class Answered:
    """A passkey that answers a login's challenge, and whose it is."""

    user_id: int
    passkey_id: int
    used: Used


async def log_in(database: Database, issuer: Issuer, credential: dict[str, Any], origin: Origin) -> TokenPair:
    """Open a session for who holds a passkey and was verified by it: that is two factors, and none is asked for
    further. Raises PasskeyRefused or TriedTooOften."""
    buckets = await throttles.allow_passkey(database, issuer.settings, origin.address)
    answered = await _answered(database, issuer.settings, credential)
    if answered is None:
        raise PasskeyRefused
    async with database.transaction() as session:
        settled = await _settle(session, issuer, answered, buckets, origin)
    # Raised only now: what was recorded is committed.
    if isinstance(settled, LyceumError):
        raise settled
    return settled


async def _answered(database: Database, settings: Settings, credential: dict[str, Any]) -> Answered | None:
    challenge = answered_challenge(credential)
    async with database.transaction() as session:
        was_ours = await queries.take_challenge(session, stored(challenge), None, now())
        found = await queries.by_credential(session, credential_id(credential))
        handle = None if found is None else await queries.handle_of(session, found.user_id)
        known = None if found is None else (found.user_id, found.id, found.public_key)
    if not was_ours or known is None or handle is None or user_handle(credential) != handle:
        return None
    user_id, passkey_id, public_key = known
    used = await ceremonies.use(site_of(settings), challenge, credential, public_key, verified=True)
    return None if used is None else Answered(user_id, passkey_id, used)


async def _settle(
    session: AsyncSession, issuer: Issuer, answered: Answered, buckets: Sequence[Bucket], origin: Origin
) -> TokenPair | LyceumError:
    account = await accounts.lock(session, answered.user_id)
    passkey = await queries.by_id(session, account.id, answered.passkey_id, lock=True)
    if passkey is None:
        return PasskeyRefused()
    outcome = judge(
        right=await _note_use(session, account, passkey, answered.used),
        is_active=account.is_active,
        is_email_verified=account.is_email_verified,
        locked=await login_attempts.is_locked(session, account, origin),
    )
    if outcome is Outcome.WRONG:
        outcome = Outcome.SUSPECTED
    login_attempts.record(session, account.id, origin, "passkey", outcome)
    if outcome is not Outcome.WELCOME:
        return PasskeyRefused()
    accounts.note_login(account, now(), None)
    pair = await sessions.open_session(session, issuer, account, origin, "passkey")
    await throttles.give_back(session, buckets)
    return pair


async def _note_use(session: AsyncSession, account: Account, passkey: Passkey, used: Used) -> bool:
    """Note that a locked passkey was used; False, and its owner is warned, if its authenticator counted no further
    than before: then there are two of it, and nobody knows which one this is."""
    if not counts_on(passkey.sign_count, used.sign_count):
        passkey.suspected_at = now()
        await _tell(session, account, "passkey_suspected", passkey=passkey.name)
        return False
    passkey.sign_count, passkey.is_backed_up, passkey.last_used_at = used.sign_count, used.is_backed_up, now()
    return True


# --- as a second factor -------------------------------------------------------------------------------------


async def second_factor_options(
    session: AsyncSession, settings: Settings, user_id: int, challenge: str
) -> dict[str, Any] | None:
    """Options to answer a login's challenge with one of the account's passkeys; None when it has none."""
    passkeys = await queries.all_of(session, user_id)
    if not passkeys:
        return None
    signed = second_factor_challenge(challenge)
    return await ceremonies.request_options(site_of(settings), signed, known=_known(passkeys), verified=False)


async def is_second_factor(
    session: AsyncSession, settings: Settings, account: Account, credential: dict[str, Any], challenge: str
) -> bool:
    """Whether a passkey of the locked account answers a login's challenge."""
    passkey = await queries.lock_by_credential(session, account.id, credential_id(credential))
    if passkey is None:
        return False
    signed = second_factor_challenge(challenge)
    used = await ceremonies.use(site_of(settings), signed, credential, passkey.public_key, verified=False)
    return used is not None and await _note_use(session, account, passkey, used)


# --- one's own ----------------------------------------------------------------------------------------------


async def list_of(
    session: AsyncSession, user_id: int, params: PageParams
) -> tuple[Sequence[Passkey], str | None]:
    """A page of an account's passkeys, newest first, and the cursor of the next."""
    return await page(session, queries.of_account(user_id), params, key=[(Passkey.id, "desc")])


async def find(session: AsyncSession, user_id: int, passkey_id: int, *, lock: bool = False) -> Passkey:
    """One passkey of this account; NotFound for one that is another's."""
    passkey = await queries.by_id(session, user_id, passkey_id, lock=lock)
    if passkey is None:
        raise NotFound("You have no such passkey.")
    return passkey


async def rename(
    session: AsyncSession, user_id: int, passkey_id: int, name: str, unchanged: Callable[[Passkey], None]
) -> Passkey:
    """Give a passkey another name; `unchanged` sees the locked row and raises if the editor's copy is stale."""
    passkey = await find(session, user_id, passkey_id, lock=True)
    unchanged(passkey)
    passkey.name = name
    return passkey


async def count_of(session: AsyncSession, user_id: int) -> int:
    """How many passkeys let the owner of an account in."""
    return await queries.count_of(session, user_id)


async def remove(session: AsyncSession, account: Account, passkey: Passkey) -> None:
    """Take a passkey off a locked account, whose owner is mailed. Whether another way in is left is the caller's to
    know."""
    await session.delete(passkey)
    await session.flush()
    await _tell(session, account, "passkey_removed", passkey=passkey.name)


async def forget(session: AsyncSession, user_id: int) -> None:
    """Remove whatever is kept of an account's passkeys."""
    await queries.delete_all_of(session, user_id)


async def export_of(session: AsyncSession, user_id: int) -> list[dict[str, Any]]:
    """An account's passkeys as JSON values, without their keys."""
    return [
        {
            "name": one.name,
            "created_at": one.created_at.isoformat(),
            "last_used_at": _iso(one.last_used_at),
            "suspected_at": _iso(one.suspected_at),
            "transports": one.transports,
            "authenticator": one.aaguid,
            "is_backed_up": one.is_backed_up,
        }
        for one in await queries.all_of(session, user_id)
    ]


def _iso(instant: datetime | None) -> str | None:
    return None if instant is None else instant.isoformat()


async def purge_expired(session: AsyncSession) -> int:
    """Delete a batch of challenges that nobody answered in time; how many."""
    return await queries.delete_expired_challenges(session, now(), PURGE_BATCH)
