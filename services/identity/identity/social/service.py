"""Log in by a provider. Never to an account that merely has the same e-mail address.

Three ways lead here: a browser that came back from a provider, a page that exchanges the one-time code which that left,
and a mobile client with a token. All bring a Proof. What it comes to is one of: a session; a second factor asked for; or
a paused login, because the address is unknown or belongs to an account already. A paused login ends with the code that
is mailed to the address.

Whose account it is, is decided under an advisory lock of the account at the provider, taken before the locks that the
rest of identity takes in order (account, one-time token, session, refresh token).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from chassis.db import Database, now
from chassis.errors import LyceumError, Unavailable
from chassis.mail import send_mail
from chassis.pagination import BadCursor, PageParams
from sqlalchemy.ext.asyncio import AsyncSession

from identity.accounts import service as accounts
from identity.accounts.errors import EmailTaken, UsernameTaken
from identity.accounts.service import Account
from identity.email_addresses import service as email_addresses
from identity.login_attempts import service as login_attempts
from identity.login_attempts.rules import Outcome, judge
from identity.logins.errors import EmailNotVerified
from identity.origin import Origin
from identity.passkeys import service as passkeys
from identity.providers import service as providers
from identity.providers.errors import ProviderUnknown
from identity.providers.rules import Provider
from identity.registration import service as registration
from identity.registration.service import Newcomer
from identity.second_factors import service as second_factors
from identity.sessions import service as sessions
from identity.sessions.service import TokenPair
from identity.settings import Settings
from identity.social import links, queries, waiting
from identity.social.errors import (
    AccountNotUsable,
    CodeInvalid,
    EmailNeeded,
    LinkFromInside,
    MailedTooOften,
    OwnershipNeeded,
    ProviderAnswerRefused,
)
from identity.social.identities import ProvenIdentity
from identity.social.models import Code
from identity.social.provers import Once, Proof
from identity.social.rules import (
    CODE_LIVES,
    COUNTED,
    LIVES,
    MAILS_PER_PARTIAL,
    SLUG,
    Step,
    hidden,
    new_code,
    stored,
    typed,
    unusable_password,
    usernames,
)
from identity.tokens.issuer import Issuer

PURGE_BATCH = 1000

Method = Literal["oidc", "token"]
Settled = TokenPair | LyceumError
"""What a login comes to. An error is raised once all that led to it is committed."""


@dataclass(frozen=True, slots=True)
class CodeMailed:
    """Where the code went, and for how many seconds it is good."""

    email: str
    expires_in: int


async def list_providers(
    session: AsyncSession, settings: Settings, params: PageParams
) -> tuple[list[Provider], str | None]:
    """A page of the providers offered on this site, by slug, and the cursor of the next. Raises BadCursor."""
    if params.cursor is not None and not re.fullmatch(SLUG, params.cursor):
        raise BadCursor
    offered = sorted(await providers.list_providers(session, settings), key=lambda one: one.slug)
    # A handful: which of the rows are offered is not for the database to say.
    behind = [one for one in offered if one.slug > (params.cursor or "")]
    rows = behind[: params.limit]
    return rows, rows[-1].slug if len(behind) > len(rows) else None


# --- logging in ---------------------------------------------------------------------------------------------


async def log_in(
    database: Database, issuer: Issuer, proof: Proof, method: Method, origin: Origin
) -> TokenPair:
    """Open a session for who the proof is about; for somebody new, with an account made for them.

    Raises EmailNeeded or OwnershipNeeded (the login is paused), SecondFactorRequired, AccountNotUsable, EmailNotVerified,
    ProviderAnswerRefused (the proof was used before).
    """
    async with database.transaction() as session:
        settled = await _settle(session, issuer, proof, method, origin)
    return _told(settled)


def _told(settled: Settled) -> TokenPair:
    if isinstance(settled, LyceumError):
        raise settled
    return settled


async def _settle(
    session: AsyncSession, issuer: Issuer, proof: Proof, method: Method, origin: Origin
) -> Settled:
    if proof.once is not None and not await use_once(session, proof.once):
        return ProviderAnswerRefused()
    identity = proof.identity
    await require_offered(session, issuer, identity)
    await links.take_turn(session, identity)
    owner = await links.owner_of(session, identity)
    if owner is not None:
        return await _enter(session, issuer, await accounts.lock(session, owner), identity, method, origin)
    if identity.email is None:
        return await _pause(session, issuer, identity, method, None)
    account = await _account_at(session, identity.email)
    if account is not None:
        return await _pause(session, issuer, identity, method, account)
    account = await _open_account(session, identity, identity.email)
    return await _enter(session, issuer, account, identity, method, origin)


async def require_offered(session: AsyncSession, issuer: Issuer, identity: ProvenIdentity) -> None:
    """Raise ProviderUnknown if the provider is offered no more since the login began."""
    found = await providers.find_provider(session, issuer.vault, issuer.settings, identity.provider)
    if found.app_id != identity.app_id:
        raise ProviderUnknown


async def use_once(session: AsyncSession, once: Once) -> bool:
    """Note that this proved somebody's identity; False if it did so before. Of two who come at once one waits."""
    return await queries.use_once(session, once.issuer, stored("once", once.value), once.until)


async def _enter(
    session: AsyncSession,
    issuer: Issuer,
    account: Account,
    identity: ProvenIdentity,
    method: Method,
    origin: Origin,
) -> Settled:
    """Let the owner of a linked and locked account in, if the account may be used; the attempt is on record."""
    refusal = await _refusal(session, account, method, origin)
    if refusal is not None:
        return refusal
    await links.keep(session, issuer.vault, account, identity)
    return await second_factors.admit(session, issuer, account, origin, method)


async def _refusal(
    session: AsyncSession, account: Account, method: Method, origin: Origin
) -> LyceumError | None:
    """Why the owner of a locked account is not let in, the attempt put on record; None if they are."""
    outcome = judge(
        right=True,
        is_active=account.is_active,
        is_email_verified=account.is_email_verified,
        locked=await login_attempts.is_locked(session, account, origin),
    )
    if outcome is Outcome.WELCOME:
        return None
    login_attempts.record(session, account.id, origin, method, outcome)
    # The old site linked accounts whose address nobody had confirmed.
    return EmailNotVerified() if outcome is Outcome.UNVERIFIED else AccountNotUsable()


# --- accounts by address --------------------------------------------------------------------------------------


async def _account_at(session: AsyncSession, email: str) -> Account | None:
    """The account that confirmed the address, or else the one that registered with it, locked."""
    holder = await email_addresses.holder_of(session, email)
    if holder is not None:
        return await accounts.lock(session, holder)
    return await accounts.lock_by_email(session, email)


async def _open_account(session: AsyncSession, identity: ProvenIdentity, email: str) -> Account:
    """A new account with a confirmed address and no password. Raises Unavailable if somebody was quicker."""
    for username in usernames(identity.usernames):
        newcomer = Newcomer(
            email=email,
            username=username,
            password_hash=unusable_password(),
            first_name=identity.first_name,
            last_name=identity.last_name,
        )
        try:
            # What a refusal leaves behind (a username reserved, events) is taken back with it.
            async with session.begin_nested():
                opened = await registration.open_account(session, newcomer, verified=True, method="oidc")
            return await accounts.lock(session, opened.id)
        except UsernameTaken:
            continue
        except EmailTaken as error:
            raise Unavailable("An account with this address is being made just now.") from error
    raise Unavailable("No username was found.")


# --- pausing --------------------------------------------------------------------------------------------------


async def _pause(
    session: AsyncSession, issuer: Issuer, identity: ProvenIdentity, method: Method, account: Account | None
) -> LyceumError:
    """Keep the login until an address is confirmed. If it is known already, the code is mailed at once.

    Whoever vouches for the address is not believed as far as the keys of somebody's account: the owner of the mailbox
    is asked.
    """
    content: dict[str, Any] = {"identity": identity.packed(), "method": method, "mails": 0}
    secret = await waiting.keep(session, issuer.vault, Step.CONFIRM, identity.provider, content)
    expires_in = int(LIVES[Step.CONFIRM].total_seconds())
    if account is None or identity.email is None:
        return EmailNeeded("Give an address; a code is mailed there.", partial=secret, expires_in=expires_in)
    # Mailed too often lately: then an older mail, or asking again later, has to do.
    await _mail_code(session, issuer.settings, stored(Step.CONFIRM.name, secret), identity, identity.email)
    return OwnershipNeeded(
        "A code was mailed there. Or log in to the account as usual, and link the provider from inside.",
        partial=secret,
        expires_in=expires_in,
        email=hidden(identity.email),
    )


async def mail_code(database: Database, issuer: Issuer, secret: str, email: str) -> CodeMailed:
    """Mail a code for a paused login to the address somebody gave, whether it has an account or not.

    Raises LoginNotBegun, MailedTooOften.
    """
    async with database.transaction() as session:
        paused = await waiting.lock(session, issuer.vault, Step.CONFIRM, secret)
        mails = int(paused.content["mails"]) + 1
        if mails > MAILS_PER_PARTIAL:
            raise MailedTooOften("Begin again.", retry_after=int(COUNTED.total_seconds()))
        identity = ProvenIdentity.unpacked(paused.content["identity"])
        if not await _mail_code(session, issuer.settings, paused.key, identity, email):
            raise MailedTooOften("Try again later.", retry_after=int(COUNTED.total_seconds()))
        content = {**paused.content, "mails": mails}
        await waiting.change(session, issuer.vault, Step.CONFIRM, secret, content)
    return CodeMailed(email, int(CODE_LIVES.total_seconds()))


async def _mail_code(
    session: AsyncSession, settings: Settings, paused: str, identity: ProvenIdentity, email: str
) -> bool:
    """Mail a code that is good for this paused login; False if the address was mailed too often lately.

    The same is done, and the same is written, whoever the address belongs to; and nothing of it is in the words of
    whoever is at the other end.
    """
    await queries.take_turns(session, f"code {email}")
    instant = now()
    sent = await queries.codes_since(session, email, instant - COUNTED)
    if sent >= settings.mails_per_hour * settings.limits_factor:
        return False
    code = new_code()
    session.add(Code(email=email, code=_stored_code(paused, code), timestamp=instant))
    await session.flush()
    minutes = int(CODE_LIVES.total_seconds() // 60)
    await send_mail(
        session,
        to=email,
        template="social_code",
        context={"name": "there", "provider": identity.provider_name, "code": code, "minutes": minutes},
    )
    return True


def _stored_code(paused: str, code: str) -> str:
    """A code is good for the paused login it was mailed for, and no other."""
    return stored("code", f"{paused}\0{typed(code)}")


# --- ending a pause -------------------------------------------------------------------------------------------


async def confirm(database: Database, issuer: Issuer, secret: str, code: str, origin: Origin) -> TokenPair:
    """End a paused login with the code that was mailed: link the account of that address, or make one.

    Raises LoginNotBegun, CodeInvalid, LinkFromInside, AccountNotUsable, SecondFactorRequired.
    """
    async with database.transaction() as session:
        settled = await _confirm(session, issuer, secret, code, origin)
    return _told(settled)


async def _confirm(session: AsyncSession, issuer: Issuer, secret: str, code: str, origin: Origin) -> Settled:
    paused = await waiting.look(session, issuer.vault, Step.CONFIRM, secret)
    identity = ProvenIdentity.unpacked(paused.content["identity"])
    hashed, since = _stored_code(paused.key, code), now() - CODE_LIVES
    mailed = await queries.code(session, hashed, since)
    if mailed is None:
        raise CodeInvalid
    await require_offered(session, issuer, identity)
    email, method = mailed.email, _method(paused.content)
    await links.take_turn(session, identity)
    owner = await links.owner_of(session, identity)
    account = await (accounts.lock(session, owner) if owner else _account_at(session, email))
    # Of two who come at once, one takes it.
    await waiting.take(session, issuer.vault, Step.CONFIRM, secret)
    taken = await queries.code(session, hashed, since, lock=True)
    if taken is None:
        raise CodeInvalid
    taken.verified = True
    if owner is None and account is not None:
        refusal = await _adopt(session, issuer, account, identity, email, method, origin)
        if refusal is not None:
            return refusal
    if account is None:
        account = await _open_account(session, identity, email)
    return await _enter(session, issuer, account, identity, method, origin)


def _method(content: Mapping[str, Any]) -> Method:
    return "token" if content["method"] == "token" else "oidc"


async def _adopt(
    session: AsyncSession,
    issuer: Issuer,
    account: Account,
    identity: ProvenIdentity,
    email: str,
    method: Method,
    origin: Origin,
) -> LyceumError | None:
    """Link a locked account to whoever reads the mail of its address; an error where that is not enough."""
    if await second_factors.is_on(session, account.id):
        # Else a mailbox alone would leave a second key behind for the day on which the second factor is switched off.
        return LinkFromInside("Log in to it, and link the provider there.")
    if not account.is_email_verified:
        await _take_over_unconfirmed(session, account, email)
    refusal = await _refusal(session, account, method, origin)
    if refusal is not None:
        return refusal
    await links.keep(session, issuer.vault, account, identity)
    await links.tell(session, account, "social_account_linked", identity.provider_name)
    return None


async def _take_over_unconfirmed(session: AsyncSession, account: Account, email: str) -> None:
    """Give an account that nobody ever confirmed to who owns its address.

    Whoever registered it need not be them, and has its password, or on the old site linked an account of their own: so
    that is void from now on. (Classic-federated merge is the name of the attack.)
    """
    if not await email_addresses.verify_primary(session, account.id, email):
        raise Unavailable("The address is being confirmed just now.")
    await accounts.mark_email_verified(session, account)
    accounts.set_password(account, unusable_password())
    await links.forget(session, account.id)
    await passkeys.forget(session, account.id)
    await sessions.end_all(session, account.id, "password_reset")


# --- housekeeping ---------------------------------------------------------------------------------------------


async def purge_expired(session: AsyncSession) -> int:
    """Delete a batch each of logins that waited too long, codes, nonces and keys that are good no more; how many."""
    instant = now()
    done = 0
    for step, lives in LIVES.items():
        done += await queries.delete_partials(session, step, instant - lives, PURGE_BATCH)
    done += await queries.delete_codes(session, instant - max(CODE_LIVES, COUNTED), PURGE_BATCH)
    done += await queries.delete_nonces(session, int(instant.timestamp()), PURGE_BATCH)
    return done + await queries.delete_keys(session, int(instant.timestamp()), PURGE_BATCH)
