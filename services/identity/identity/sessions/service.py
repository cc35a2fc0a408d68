"""Sessions: one per login. Opened with a pair of tokens, kept alive by refreshing, ended for a reason that is told."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast
from uuid import uuid4

from chassis.db import Database, now
from chassis.errors import NotFound
from chassis.mail import send_mail
from chassis.outbox import emit
from chassis.pagination import PageParams, page
from chassis.revocations import end_session
from contracts.fields import DeviceType, LoginMethod, RevocationReason
from contracts.identity import SessionRevoked, UserLoggedIn
from sqlalchemy.ext.asyncio import AsyncSession

from identity.accounts import service as accounts
from identity.accounts.service import Account
from identity.billing import service as billing
from identity.origin import Address, Origin
from identity.rights import service as rights
from identity.sessions import queries
from identity.sessions.errors import RefreshTokenInvalid, SessionEnded
from identity.sessions.models import UserSession
from identity.settings import Settings
from identity.tokens import service as tokens
from identity.tokens.issuer import Issuer, Subject
from identity.tokens.rules import Use, new_refresh_token
from identity.tokens.service import RefreshToken

PURGE_BATCH = 1000
KEPT_AFTER_END = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class TokenPair:
    """What a login and a refresh answer; `expires_in` is the access token's, in seconds."""

    access: str
    refresh: str
    expires_in: int


# --- opening ------------------------------------------------------------------------------------------------


async def open_session(
    session: AsyncSession, issuer: Issuer, account: Account, origin: Origin, method: LoginMethod
) -> TokenPair:
    """Open a session for a locked account that has proved who it is, and tell of the login."""
    instant = now()
    opened = UserSession(
        user_id=account.id,
        session_key=uuid4().hex,
        ip_address=origin.address,
        user_agent=origin.user_agent,
        created_at=instant,
        last_activity=instant,
        expires_at=_expiry(instant, instant, issuer.settings),
        is_active=True,
        device_type=origin.device_type,
        location=origin.location,
        login_method=method,
    )
    session.add(opened)
    await session.flush()
    refresh = new_refresh_token()
    await tokens.record_refresh_token(
        session, refresh, user_id=account.id, session_id=opened.id, expires_at=opened.expires_at
    )
    emit(
        session,
        UserLoggedIn(
            user_id=account.id,
            session_id=opened.id,
            device_type=cast("DeviceType", origin.device_type),
            login_method=method,
            logged_in_at=instant,
            country=origin.country,
            city=origin.city,
        ),
    )
    return await _pair(session, issuer, account, opened, refresh)


def _expiry(opened: datetime, instant: datetime, settings: Settings) -> datetime:
    """Used sessions live on, but none for ever."""
    idle = instant + timedelta(days=settings.refresh_token_days)
    return min(idle, opened + timedelta(days=settings.session_days))


async def _pair(
    session: AsyncSession, issuer: Issuer, account: Account, opened: UserSession, refresh: str
) -> TokenPair:
    permissions = await rights.effective_permissions(session, account.id, is_superuser=account.is_superuser)
    subject = Subject(
        user_id=account.id,
        role=account.role,
        tier=await billing.tier_of(session, account.id),
        permissions=permissions,
        session_id=opened.id,
        session_expires_at=opened.expires_at,
    )
    access = await issuer.access_token(session, subject)
    return TokenPair(access.token, refresh, access.expires_in)


# --- refreshing ---------------------------------------------------------------------------------------------


async def refresh(database: Database, issuer: Issuer, presented: str) -> TokenPair:
    """Exchange a refresh token for a new pair. Raises RefreshTokenInvalid.

    A token used before is in two hands: its session ends, which is kept although the answer refuses.
    """
    async with database.transaction() as session:
        pair = await _refresh(session, issuer, presented)
    if pair is None:
        raise RefreshTokenInvalid
    return pair


async def _refresh(session: AsyncSession, issuer: Issuer, presented: str) -> TokenPair | None:
    instant = now()
    token = await tokens.find_refresh_token(session, presented)
    if token is None or token.session_id is None or token.expires_at <= instant:
        return None
    # The session's row is the lock of its whole family of tokens: two who come at once are judged one by one.
    family = await queries.by_id(session, token.session_id, lock=True)
    if family is None or not family.is_active or family.expires_at <= instant:
        return None
    account = await accounts.find(session, family.user_id)
    # A lockout is for who does not know the password: the sessions there are go on through it. A deactivation or
    # a ban ends them by itself; this is for the one that was opened by what forgot to ask.
    if not accounts.may_log_in(account, instant):
        return None
    return await _exchange(session, issuer, token, presented, family, account)


async def _exchange(
    session: AsyncSession,
    issuer: Issuer,
    token: RefreshToken,
    presented: str,
    family: UserSession,
    account: Account,
) -> TokenPair | None:
    instant = now()
    match await tokens.judge_refresh_token(session, issuer, token, presented, instant):
        case Use.REUSE:
            await _end(session, family, "token_reuse")
            await _warn_of_reuse(session, account, family)
            return None
        case Use.REPEAT:
            successor = await tokens.issued_successor(session, issuer, presented)
        case Use.ROTATE:
            family.last_activity = instant
            family.expires_at = _expiry(family.created_at, instant, issuer.settings)
            successor = await tokens.exchange_refresh_token(
                session,
                issuer,
                token,
                presented,
                user_id=account.id,
                session_id=family.id,
                expires_at=family.expires_at,
            )
    return await _pair(session, issuer, account, family, successor)


async def _warn_of_reuse(session: AsyncSession, account: Account, family: UserSession) -> None:
    await send_mail(
        session,
        to=account.email,
        template="session_ended",
        context={
            "name": account.first_name or account.username,
            "device_type": family.device_type,
            "opened_at": family.created_at,
        },
    )


# --- ending -------------------------------------------------------------------------------------------------


async def _end(session: AsyncSession, ended: UserSession, reason: RevocationReason) -> None:
    """End a locked session, its tokens with it, and tell."""
    ended.is_active = False
    await tokens.end_refresh_tokens(session, ended.id)
    instant = now()
    # The other services take this in from the event; here it holds from the commit on.
    await end_session(session, ended.user_id, str(ended.id), instant)
    emit(
        session,
        SessionRevoked(user_id=ended.user_id, session_id=ended.id, revoked_at=instant, reason=reason),
    )


async def log_out(session: AsyncSession, presented: str) -> int:
    """End the session of a refresh token, whichever of its generations; how many ended (0 or 1)."""
    token = await tokens.find_refresh_token(session, presented)
    if token is None or token.session_id is None:
        return 0
    ended = await queries.by_id(session, token.session_id, lock=True)
    if ended is None or not ended.is_active:
        return 0
    await _end(session, ended, "logout")
    return 1


async def end_all(session: AsyncSession, user_id: int, reason: RevocationReason) -> int:
    """End every live session of an account whose row is locked (so that none is opened meanwhile); how many.

    Each is told by itself: an event for "all until now" could not tell a login of the same second apart.
    """
    live = await queries.lock_live_of(session, user_id, now())
    for one in live:
        await _end(session, one, reason)
    return len(live)


async def end_one(session: AsyncSession, user_id: int, session_id: int) -> None:
    """End one session of this account; NotFound for one that is another's, or over."""
    ended = await queries.by_id(session, session_id, lock=True)
    if ended is None or ended.user_id != user_id or not _is_live(ended, now()):
        raise NotFound("You have no such session.")
    await _end(session, ended, "session_ended")


# --- looking ------------------------------------------------------------------------------------------------


def _is_live(one: UserSession, instant: datetime) -> bool:
    return one.is_active and one.expires_at > instant


async def list_live(
    session: AsyncSession, user_id: int, params: PageParams
) -> tuple[Sequence[UserSession], str | None]:
    """A page of an account's live sessions, newest first, and the cursor of the next."""
    statement = queries.live_of(user_id, now())
    return await page(session, statement, params, key=[(UserSession.id, "desc")])


async def require_live(session: AsyncSession, user_id: int, sid: str) -> None:
    """Raise SessionEnded unless the access token's session still lives: for what must not wait for it to expire."""
    await opened_at(session, user_id, sid)


async def opened_at(session: AsyncSession, user_id: int, sid: str) -> datetime:
    """When the access token's session was opened, that is, when its owner last showed who they are. Raises
    SessionEnded."""
    found = await queries.by_id(session, int(sid)) if sid.isdecimal() and len(sid) < 19 else None
    if found is None or found.user_id != user_id or not _is_live(found, now()):
        raise SessionEnded
    return found.created_at


async def is_known_device(session: AsyncSession, user_id: int, address: Address, user_agent: str) -> bool:
    """Whether a live session of the account was opened from this address by this user agent."""
    return await queries.is_known_device(session, user_id, address, user_agent, now())


# --- housekeeping -------------------------------------------------------------------------------------------


async def end_surplus(session: AsyncSession, settings: Settings) -> int:
    """End the oldest sessions of one account that has more than it may have; how many ended."""
    kept, instant = settings.sessions_per_account, now()
    for user_id in await queries.accounts_with_more_than(session, kept, instant, 1):
        await accounts.lock(session, user_id)
        surplus = await queries.lock_oldest_beyond(session, user_id, instant, kept)
        for one in surplus:
            await _end(session, one, "session_ended")
        return len(surplus)
    return 0


async def purge(session: AsyncSession) -> int:
    """Mark a batch of sessions that ran out, delete a batch of those long over; how many."""
    instant = now()
    ended = await queries.end_expired(session, instant, PURGE_BATCH)
    return ended + await queries.delete_old(session, instant - KEPT_AFTER_END, PURGE_BATCH)
