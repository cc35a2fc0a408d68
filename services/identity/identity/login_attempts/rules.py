"""What an attempt to log in comes to, and how long an account is locked."""

from datetime import datetime, timedelta
from enum import StrEnum

SHORTEST_LOCK = timedelta(minutes=1)
LONGEST_LOCK = timedelta(hours=1)


class Outcome(StrEnum):
    """What became of an attempt; the values are what the log says."""

    WELCOME = "logged_in"
    HALFWAY = "second_factor_required"
    """The first factor was right, and a second one was asked for."""
    UNVERIFIED = "unverified"
    """The right password, but the address is not confirmed."""
    WRONG = "wrong_password"
    """It counts towards the lockout; so does the next."""
    WRONG_SECOND_FACTOR = "wrong_second_factor"
    SUSPECTED = "suspected_passkey"
    """A passkey whose authenticator counted no further than at its last use."""
    LOCKED = "locked"
    """Not even looked at: too many were wrong lately, or the account is banned."""
    DEACTIVATED = "deactivated"
    THROTTLED = "throttled"
    """Not even looked at: too many attempts with this name, or from this address."""


def is_locked(locked_until: datetime | None, instant: datetime, *, known_device: bool) -> bool:
    """Whether a lockout is in the way. A device with a live session is spared it, so that a stranger's guesses cannot
    keep the owner out. (A ban ends every session, so it spares nobody.)"""
    return locked_until is not None and instant < locked_until and not known_device


def judge(*, right: bool, is_active: bool, is_email_verified: bool, locked: bool) -> Outcome:
    """Judge an attempt with a password."""
    if not is_active:
        return Outcome.DEACTIVATED
    if locked:
        return Outcome.LOCKED
    if not right:
        return Outcome.WRONG
    return Outcome.WELCOME if is_email_verified else Outcome.UNVERIFIED


def lock_after(attempts: int, allowed: int) -> timedelta | None:
    """How long to lock after this many wrong attempts in a row: a minute at `allowed`, doubling to an hour."""
    if attempts < allowed:
        return None
    doublings = min(attempts - allowed, 10)
    return min(SHORTEST_LOCK * (1 << doublings), LONGEST_LOCK)
