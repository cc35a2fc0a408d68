"""The keys that sign access tokens: made, announced, rotated, kept until their last token has expired, removed.

A key's life: it is published (`created_at`), signs from `not_before` on, is followed by the next, stays published
until `retires_at`, and is deleted. Verifiers keep a key set for up to five minutes, so a key is announced for
longer than that before it signs: no verifier is surprised by a kid, and none is asked to look again by thousands of
tokens at once.
"""

import base64
import hashlib
from collections import Counter
from datetime import datetime, timedelta
from typing import Any

import orjson
from chassis.auth import ALGORITHM, LEEWAY_SECONDS
from chassis.db import now
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from identity import metrics
from identity.settings import Settings
from identity.tokens import queries
from identity.tokens.issuer import KEY_KEPT_SECONDS, make_key_pair
from identity.tokens.models import SigningKey
from identity.tokens.rules import next_signs_from
from identity.vault import Vault

ANNOUNCED = timedelta(minutes=15)
"""How long a key is published before it signs: three times what a verifier keeps a key set for."""
SPARE = timedelta(minutes=1)
RESEALED_AT_ONCE = 100
STATES = ("announced", "signing", "retiring", "retired")


def purpose_of(kid: str) -> str:
    return f"signing key {kid}"


# --- making and rotating ------------------------------------------------------------------------------------


async def ensure_signing_key(session: AsyncSession, vault: Vault, settings: Settings) -> str:
    """See to it that there is a key to sign with, and that we can open it; its kid.

    Replicas that start together make one key between them. Raises Sealed when the key there was made with another
    IDENTITY_SECRET_KEY: better not to start than to answer every login with an error.
    """
    await _one_at_a_time(session)
    instant = now()
    row = await queries.signing_key(session, instant, instant + lasting(settings))
    if row is None:
        row = _make(session, vault, instant, signs_from=instant)
    vault.open(row.private_encrypted, purpose_of(row.kid))
    return row.kid


async def rotate_when_due(session: AsyncSession, vault: Vault, settings: Settings) -> str | None:
    """Announce the next key when the newest has signed for nearly `signing_key_days`; its kid, None if not due.

    The keys before it are set to retire once their last token has expired. However many workers do this at once,
    one key is made.
    """
    await _one_at_a_time(session)
    instant = now()
    newest = await queries.newest_key(session)
    if newest is None:
        return _make(session, vault, instant, signs_from=instant).kid
    lifetime = timedelta(days=settings.signing_key_days)
    signs_from = next_signs_from(newest.not_before, lifetime, ANNOUNCED, instant)
    return None if signs_from is None else await _follow(session, vault, settings, signs_from)


async def announce(session: AsyncSession, vault: Vault, settings: Settings) -> str:
    """Announce the next key ahead of its time; the kid of the one that is announced, made now or before."""
    await _one_at_a_time(session)
    instant = now()
    newest = await queries.newest_key(session)
    if newest is not None and newest.not_before > instant:
        return newest.kid
    return await _follow(session, vault, settings, instant + ANNOUNCED)


async def rotate_now(session: AsyncSession, vault: Vault, settings: Settings, *, distrust: bool) -> str:
    """Make a key that signs from this instant; its kid. With `distrust` nothing that older keys signed is believed.

    Verifiers look again at a kid they do not know, and so find the new key, and that the old ones are gone.
    """
    await _one_at_a_time(session)
    instant = now()
    kid = await _follow(session, vault, settings, instant)
    for row in await queries.keys_but(session, kid):
        if distrust:
            row.retires_at = instant
        elif row.not_before > instant:
            # Announced and overtaken: it must not take over from the one that was made now.
            await session.delete(row)
    return kid


def lasting(settings: Settings) -> timedelta:
    """How long after it was looked up a key may still be needed to verify what it signed."""
    return timedelta(seconds=KEY_KEPT_SECONDS + settings.access_token_seconds + LEEWAY_SECONDS)


async def _one_at_a_time(session: AsyncSession) -> None:
    await session.execute(text("SELECT pg_advisory_xact_lock(hashtext('identity signing keys'))"))


async def _follow(session: AsyncSession, vault: Vault, settings: Settings, signs_from: datetime) -> str:
    """Make the next key; those before it retire when the last token they may sign has expired."""
    made = _make(session, vault, now(), signs_from=signs_from)
    for row in await queries.keys_but(session, made.kid):
        if row.retires_at is None:
            row.retires_at = signs_from + lasting(settings) + SPARE
    return made.kid


def _make(session: AsyncSession, vault: Vault, instant: datetime, *, signs_from: datetime) -> SigningKey:
    pem, public = make_key_pair()
    kid = _thumbprint(public)
    row = SigningKey(
        kid=kid,
        public_jwk={**public, "kid": kid, "use": "sig", "alg": ALGORITHM},
        private_encrypted=vault.seal(pem.encode(), purpose_of(kid)),
        created_at=instant,
        not_before=signs_from,
    )
    session.add(row)
    return row


def _thumbprint(public: dict[str, Any]) -> str:
    """The JWK's thumbprint (RFC 7638): the same key has the same name everywhere."""
    members = orjson.dumps(public, option=orjson.OPT_SORT_KEYS)
    return base64.urlsafe_b64encode(hashlib.sha256(members).digest()).rstrip(b"=").decode()


# --- publishing and removing --------------------------------------------------------------------------------


async def published_keys(session: AsyncSession) -> dict[str, Any]:
    """The JWKS: public halves only."""
    return {"keys": [row.public_jwk for row in await queries.published_keys(session, now())]}


async def all_keys(session: AsyncSession) -> list[SigningKey]:
    """Every key there is, the newest last."""
    return await queries.all_keys(session)


async def remove_retired(session: AsyncSession) -> int:
    """Delete the keys, private halves and all, whose last token has expired; how many."""
    return await queries.delete_retired(session, now())


async def measure(session: AsyncSession, settings: Settings) -> None:
    """Show in the metrics how many keys there are in which state, and until when the newest is to sign."""
    instant = now()
    keys = await queries.all_keys(session)
    states = Counter(state_of(key, instant) for key in keys)
    for state in STATES:
        metrics.SIGNING_KEYS.labels(state).set(states[state])
    if keys:
        due = keys[-1].not_before + timedelta(days=settings.signing_key_days)
        metrics.SIGNING_KEY_DUE.set(due.timestamp())


def state_of(key: SigningKey, instant: datetime) -> str:
    """announced (published, not yet signing), signing, retiring (followed by another) or retired."""
    if key.not_before > instant:
        return "announced"
    if key.retires_at is None:
        return "signing"
    return "retiring" if key.retires_at > instant else "retired"


async def reseal_batch(session: AsyncSession, vault: Vault) -> int:
    """Seal private halves with the newest secret, up to a batch of them; how many. Raises Sealed for one that no
    secret of ours opens."""
    rows = await queries.lock_sealed_otherwise(session, vault.key_id, RESEALED_AT_ONCE)
    for row in rows:
        row.private_encrypted = vault.reseal(row.private_encrypted, purpose_of(row.kid))
    return len(rows)
