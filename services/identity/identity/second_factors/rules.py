"""Codes and challenges as such: how they are made, what is kept of them, and when they are right."""

import base64
import hashlib
import hmac
import re
import secrets
from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_network

from pyotp import TOTP, random_base32

from identity.origin import Address

CHALLENGE_BYTES = 32
CHALLENGE_LIVES = timedelta(minutes=5)
TRIES_PER_CHALLENGE = 5

RECOVERY_CODES = 10
RECOVERY_CODE_BITS = 100
GROUP = 5

TOTP_SECONDS = 30
DIGITS = 6
ISSUER = "Lyceum"
STEPS_OFF = 1
"""How many steps a clock may be off, either way."""

UNSEEN = re.compile(r"[\s-]")


def new_challenge() -> str:
    return secrets.token_urlsafe(CHALLENGE_BYTES)


def stored(secret: str) -> bytes:
    """What a table keeps of a challenge or a recovery code: it does not lead back, and cannot be met by guessing."""
    return hashlib.sha256(secret.encode()).digest()


def new_recovery_code() -> str:
    """100 random bits as four groups of five: `k3xqa-7mzrp-...`, of letters and digits that are not mixed up."""
    characters = base64.b32encode(secrets.token_bytes(16)).decode().lower()[: RECOVERY_CODE_BITS // 5]
    return "-".join(characters[start : start + GROUP] for start in range(0, len(characters), GROUP))


def new_totp_secret() -> str:
    """160 random bits in base32, as RFC 4226 recommends and every app takes."""
    return random_base32(length=32)


def otpauth_uri(secret: str, account: str) -> str:
    """What the QR code for an authenticator app says."""
    return TOTP(secret, digits=DIGITS, interval=TOTP_SECONDS).provisioning_uri(
        name=account, issuer_name=ISSUER
    )


def typed(code: str) -> str:
    """A code as it is compared: without the blanks and dashes that help to read it, whatever the letters' case."""
    return UNSEEN.sub("", code).lower()


def step_of(instant: datetime) -> int:
    """The time step of an instant (RFC 6238)."""
    return int(instant.timestamp()) // TOTP_SECONDS


def matching_step(secret: str, code: str, step: int, *, later_than: int) -> int | None:
    """The step around this one whose code this is; None for a wrong code, and for one of a step used already.

    Every step is computed and compared, so that the time says nothing of which it was.
    """
    app = TOTP(secret, digits=DIGITS, interval=TOTP_SECONDS)
    found = None
    for near in range(step - STEPS_OFF, step + STEPS_OFF + 1):
        same = hmac.compare_digest(app.generate_otp(near).encode(), code.encode())
        if same and near > later_than:
            found = near
    return found


def same_place(one: Address, other: Address) -> bool:
    """Whether two addresses are one place: the same, or of one IPv6 household, whose machines change theirs daily."""
    if one == other:
        return True
    if not isinstance(one, IPv6Address) or not isinstance(other, IPv6Address):
        return False
    return other in ip_network((one, 64), strict=False)
