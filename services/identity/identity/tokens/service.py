"""Refresh tokens on record, and the keys that sign."""

import base64
import hashlib
import hmac
from datetime import datetime, timedelta
from typing import Any

import orjson
from chassis.auth import ALGORITHM
from chassis.db import now
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from identity.tokens import queries
from identity.tokens.issuer import Issuer, make_key_pair
from identity.tokens.models import BlacklistedToken, OutstandingToken, SigningKey
from identity.tokens.rules import Use, fingerprint, judge

RefreshToken = OutstandingToken
"""A refresh token on record, as the sessions hold it."""

PURGE_BATCH = 1000
KEPT_AFTER_EXPIRY = timedelta(days=1)


# --- signing keys -------------------------------------------------------------------------------------------


async def ensure_signing_key(session: AsyncSession, issuer: Issuer) -> str:
    """See to it that there is a key to sign with, and that we can open it; its kid.

    Replicas that start together make one key between them. Raises Sealed when the key there was made with another
    IDENTITY_SECRET_KEY: better not to start than to answer every login with an error.
    """
    await session.execute(text("SELECT pg_advisory_xact_lock(hashtext('identity signing keys'))"))
    instant = now()
    row = await queries.signing_key(session, instant, instant + timedelta(days=1))
    if row is None:
        row = _make_signing_key(issuer, instant)
        session.add(row)
    issuer.open_key(row)
    return row.kid


def _make_signing_key(issuer: Issuer, instant: datetime) -> SigningKey:
    pem, public = make_key_pair()
    kid = _thumbprint(public)
    return SigningKey(
        kid=kid,
        public_jwk={**public, "kid": kid, "use": "sig", "alg": ALGORITHM},
        private_encrypted=issuer.vault.seal(pem.encode(), f"signing key {kid}"),
        created_at=instant,
        not_before=instant,
    )


def _thumbprint(public: dict[str, Any]) -> str:
    """The JWK's thumbprint (RFC 7638): the same key has the same name everywhere."""
    members = orjson.dumps(public, option=orjson.OPT_SORT_KEYS)
    return base64.urlsafe_b64encode(hashlib.sha256(members).digest()).rstrip(b"=").decode()


async def published_keys(session: AsyncSession) -> dict[str, Any]:
    """The JWKS: public halves only."""
    return {"keys": [row.public_jwk for row in await queries.published_keys(session, now())]}


# --- refresh tokens -----------------------------------------------------------------------------------------


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
    successor = fingerprint(issuer.successor(refresh))
    successor_used = used_at is not None and await queries.ended_at(session, successor.jti) is not None
    return judge(
        used_at=used_at,
        successor_used=successor_used,
        instant=instant,
        grace=timedelta(seconds=issuer.settings.refresh_grace_seconds),
    )


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


async def purge_expired(session: AsyncSession) -> int:
    """Delete up to a batch of refresh tokens that expired a day ago or more; how many."""
    return await queries.delete_expired(session, now() - KEPT_AFTER_EXPIRY, PURGE_BATCH)
