"""Refresh tokens as such: opaque, 256 bits, stored only as a hash."""

import base64
import hashlib
import secrets
from datetime import datetime, timedelta
from enum import Enum
from typing import NamedTuple

REFRESH_BYTES = 32


class Fingerprint(NamedTuple):
    """What is stored of a refresh token: `jti` finds it, `token` is its SHA-256 in hex."""

    jti: str
    token: str


def new_refresh_token() -> str:
    return secrets.token_urlsafe(REFRESH_BYTES)


def as_refresh_token(content: bytes) -> str:
    """32 bytes written as a refresh token is."""
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def fingerprint(refresh: str) -> Fingerprint:
    digest = hashlib.sha256(refresh.encode()).hexdigest()
    return Fingerprint(digest[:32], digest)


class Use(Enum):
    """What presenting a refresh token means."""

    ROTATE = "it is the session's newest: its successor takes its place"
    REPEAT = "it was used a moment ago and its successor was not yet: answered with the same successor"
    REUSE = "it was used before: it is in two hands"


def judge(*, used_at: datetime | None, successor_used: bool, instant: datetime, grace: timedelta) -> Use:
    """Judge a refresh token of a live session. `used_at` is when it was exchanged, None if never."""
    if used_at is None:
        return Use.ROTATE
    if not successor_used and instant - used_at <= grace:
        return Use.REPEAT
    return Use.REUSE


def next_signs_from(
    signing_since: datetime, lifetime: timedelta, announced: timedelta, instant: datetime
) -> datetime | None:
    """From when the next signing key signs, if it is to be announced now; None while it is too soon for that.

    It signs when the one before has signed for its `lifetime`, and never before it was published for `announced`.
    """
    due = signing_since + lifetime
    if due - announced > instant:
        return None
    return max(due, instant + announced)
