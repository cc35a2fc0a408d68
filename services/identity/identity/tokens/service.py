"""Refresh tokens on record."""

import hmac
from datetime import datetime, timedelta

from chassis.db import now
from sqlalchemy.ext.asyncio import AsyncSession

from identity.tokens import queries
from identity.tokens.issuer import Issuer
from identity.tokens.models import BlacklistedToken, OutstandingToken
from identity.tokens.rules import Use, fingerprint, judge

RefreshToken = OutstandingToken
"""A refresh token on record, as the sessions hold it."""

PURGE_BATCH = 1000
KEPT_AFTER_EXPIRY = timedelta(days=1)


async def record_refresh_token(
    session: AsyncSession, refresh: str, *, user_id: int, session_id: int, expires_at: datetime
) -> None:
    """Keep the hash of a refresh token that is being handed out."""
    kept = fingerprint(refresh)
    session.add(
        OutstandingToken(
            user_id=user_id,
            session_id=session_id,
            jti=kept.jti,
            token=kept.token,
            created_at=now(),
            expires_at=expires_at,
        )
    )
    await session.flush()


async def find_refresh_token(session: AsyncSession, refresh: str) -> OutstandingToken | None:
    """The token on record, whatever became of it; None when we never issued it (or it expired long ago)."""
    presented = fingerprint(refresh)
    found = await queries.refresh_token(session, presented.jti)
    if found is None or not hmac.compare_digest(found.token, presented.token):
        return None
    return found


async def judge_refresh_token(
    session: AsyncSession, issuer: Issuer, token: OutstandingToken, refresh: str, instant: datetime
) -> Use:
    """What it means that this token is presented now; its session is locked, so nobody changes the answer."""
    used_at = await queries.ended_at(session, token.jti)
    successor = fingerprint(await issued_successor(session, issuer, refresh))
    successor_used = used_at is not None and await queries.ended_at(session, successor.jti) is not None
    return judge(
        used_at=used_at,
        successor_used=successor_used,
        instant=instant,
        grace=timedelta(seconds=issuer.settings.refresh_grace_seconds),
    )


async def issued_successor(session: AsyncSession, issuer: Issuer, refresh: str) -> str:
    """The successor of a token that was used: the one on record, should our secret have changed in between."""
    newest, *older = issuer.successors(refresh)
    for successor in older:
        if await queries.refresh_token(session, fingerprint(successor).jti) is not None:
            return successor
    return newest


async def exchange_refresh_token(
    session: AsyncSession,
    issuer: Issuer,
    token: OutstandingToken,
    refresh: str,
    *,
    user_id: int,
    session_id: int,
    expires_at: datetime,
) -> str:
    """End a refresh token and put its successor on record; the successor."""
    session.add(BlacklistedToken(token_id=token.id, blacklisted_at=now()))
    successor = issuer.successor(refresh)
    await record_refresh_token(
        session, successor, user_id=user_id, session_id=session_id, expires_at=expires_at
    )
    return successor


async def end_refresh_tokens(session: AsyncSession, session_id: int) -> None:
    """End every refresh token of a session."""
    await queries.end_tokens_of(session, session_id, now())


async def forget(session: AsyncSession, user_id: int) -> None:
    """Delete every refresh token of an account, those of the old site too, which belong to no session."""
    await queries.delete_of(session, user_id)


async def purge_expired(session: AsyncSession) -> int:
    """Delete up to a batch of refresh tokens that expired a day ago or more; how many."""
    return await queries.delete_expired(session, now() - KEPT_AFTER_EXPIRY, PURGE_BATCH)
