"""What passkeys are for: the site they belong to, and how long and often they may be tried."""

import base64
import binascii
import hashlib
import json
import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from identity.settings import Settings

CHALLENGE_BYTES = 32
CHALLENGE_LIVES = timedelta(minutes=5)
HANDLE_BYTES = 32
PASSKEYS_AT_MOST = 20
SITE_NAME = "Lyceum"
CREDENTIAL_BYTES_AT_MOST = 1023
"""As WebAuthn has it."""


@dataclass(frozen=True, slots=True)
class Site:
    """The relying party: the domain that passkeys are bound to, and the origins whose pages may use them."""

    rp_id: str
    origins: tuple[str, ...]


def site_of(settings: Settings) -> Site:
    """The site of the public URL, unless the settings say otherwise."""
    url = urlsplit(settings.public_url)
    rp_id = settings.passkey_rp_id or url.hostname or "localhost"
    return Site(rp_id, settings.passkey_origins or (f"{url.scheme}://{url.netloc}",))


def new_challenge() -> bytes:
    return secrets.token_bytes(CHALLENGE_BYTES)


def new_handle() -> bytes:
    return secrets.token_bytes(HANDLE_BYTES)


def stored(challenge: bytes) -> bytes:
    return hashlib.sha256(challenge).digest()


def second_factor_challenge(challenge: str) -> bytes:
    """What a passkey signs as a second factor: follows from the challenge of the login, and is as good as that."""
    return hashlib.sha256(b"passkey as second factor\0" + challenge.encode()).digest()


def decoded(text: Any) -> bytes:
    """Base64url without padding, as WebAuthn's JSON has it; nothing for what is not."""
    if not isinstance(text, str):
        return b""
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return b""


def answered_challenge(credential: dict[str, Any]) -> bytes:
    """The challenge that a credential says it answers; nothing when it says none."""
    response = credential.get("response")
    if not isinstance(response, dict):
        return b""
    try:
        told = json.loads(decoded(response.get("clientDataJSON")))
    except (ValueError, RecursionError):
        return b""
    return decoded(told.get("challenge")) if isinstance(told, dict) else b""


def credential_id(credential: dict[str, Any]) -> bytes:
    """The id of the key pair that answers."""
    return decoded(credential.get("rawId"))


def user_handle(credential: dict[str, Any]) -> bytes:
    """Whose account the authenticator says it is."""
    response = credential.get("response")
    return decoded(response.get("userHandle")) if isinstance(response, dict) else b""


def counts_on(before: int, now: int) -> bool:
    """Whether an authenticator counted on since its last use. Those that sync do not count at all."""
    return (before == 0 and now == 0) or now > before
