"""Who makes tokens: holds what signing needs, in memory and decrypted, for one process."""

import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from chassis.auth import ALGORITHM
from chassis.db import now
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from jose import jwk, jwt
from jose.constants import ALGORITHMS
from sqlalchemy.ext.asyncio import AsyncSession

from identity.settings import Settings
from identity.tokens import queries
from identity.tokens.models import SigningKey
from identity.tokens.rules import as_refresh_token
from identity.vault import Vault

KEY_KEPT_SECONDS = 5.0
"""How long a process signs with a key before it looks for a newer one: how long after a rotation made by hand
tokens are still signed with the key that was distrusted."""


class NoSigningKey(RuntimeError):
    """There is no key to sign with: the service was started without making one."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What an access token says of its bearer."""

    user_id: int
    role: str
    tier: str
    permissions: tuple[str, ...]
    session_id: int
    session_expires_at: datetime


@dataclass(frozen=True, slots=True)
class AccessToken:
    """A token as it is handed out; `expires_in` is in seconds."""

    token: str
    expires_in: int


@dataclass(frozen=True, slots=True)
class SigningWith:
    """The key at hand, decrypted. `since` is of the monotonic clock."""

    kid: str
    key: Any
    since: float


class Issuer:
    """Signs access tokens with the newest key in the table, and derives refresh tokens' successors."""

    def __init__(self, settings: Settings, vault: Vault) -> None:
        self.settings = settings
        self.vault = vault
        self._signing: SigningWith | None = None

    async def access_token(self, session: AsyncSession, subject: Subject) -> AccessToken:
        """An ES256 JWT that every service and the gateway accept for `access_token_seconds`, or to its session's end."""
        signing = await self._signing_key(session)
        exactly = time.time_ns() // 1000
        issued = exactly // 1_000_000
        lasting = int(subject.session_expires_at.timestamp()) - issued
        expires_in = max(1, min(self.settings.access_token_seconds, lasting))
        claims = {
            "iss": self.settings.issuer,
            "aud": self.settings.audience,
            "sub": str(subject.user_id),
            "role": subject.role,
            "tier": subject.tier,
            "permissions": list(subject.permissions),
            "sid": str(subject.session_id),
            "jti": uuid4().hex,
            "typ": "access",
            "iat": issued,
            # Whole seconds could not tell a login from the end of all sessions a moment before.
            "iat_us": exactly,
            "exp": issued + expires_in,
        }
        token: str = jwt.encode(claims, signing.key, algorithm=ALGORITHM, headers={"kid": signing.kid})
        return AccessToken(token, expires_in)

    async def sign(self, session: AsyncSession, claims: dict[str, Any], *, typ: str) -> str:
        """A JWS of these claims under the key that signs now. `typ` goes into its header: it is no access token."""
        signing = await self._signing_key(session)
        headers = {"kid": signing.kid, "typ": typ}
        signed: str = jwt.encode(claims, signing.key, algorithm=ALGORITHM, headers=headers)
        return signed

    def successor(self, refresh: str) -> str:
        """The refresh token that takes the place of this one: the same for whoever asks, so that two tabs that
        refresh at once get one and the same; without our secret nobody gets it from the old one."""
        return self.successors(refresh)[0]

    def successors(self, refresh: str) -> list[str]:
        """The successor, and what it was while each of the older secrets was the newest."""
        return [as_refresh_token(d) for d in self.vault.derivations("refresh token", refresh.encode())]

    def open_key(self, row: SigningKey) -> Any:
        """Decrypt a signing key; raise Sealed when IDENTITY_SECRET_KEY is not the one it was made with."""
        pem = self.vault.open(row.private_encrypted, f"signing key {row.kid}")
        return jwk.construct(pem.decode(), ALGORITHMS.ES256)

    async def _signing_key(self, session: AsyncSession) -> SigningWith:
        """The key to sign with; looked for again when the one at hand is `KEY_KEPT_SECONDS` old."""
        if self._signing is None or time.monotonic() - self._signing.since > KEY_KEPT_SECONDS:
            instant = now()
            lifetime = timedelta(seconds=self.settings.access_token_seconds + KEY_KEPT_SECONDS)
            row = await queries.signing_key(session, instant, instant + lifetime)
            if row is None:
                raise NoSigningKey
            # Decrypted once: mostly it is the key at hand.
            held = self._signing
            key = held.key if held is not None and held.kid == row.kid else self.open_key(row)
            self._signing = SigningWith(row.kid, key, time.monotonic())
        return self._signing


def make_key_pair() -> tuple[str, dict[str, Any]]:
    """A new P-256 pair: the private half as PEM (PKCS 8), the public half as a JWK without kid."""
    private = ec.generate_private_key(ec.SECP256R1())
    pem = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    public = jwk.construct(pem, ALGORITHMS.ES256).public_key().to_dict()
    return pem, {name: str(public[name]) for name in ("kty", "crv", "x", "y")}
