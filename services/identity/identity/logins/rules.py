"""What an attempt to log in comes to, and how long an account is locked."""

from datetime import datetime, timedelta
from enum import Enum

SHORTEST_LOCK = timedelta(minutes=1)
LONGEST_LOCK = timedelta(hours=1)


class Outcome(Enum):
    WELCOME = "the right password of an account in order"
    UNVERIFIED = "the right password, but the address is not confirmed"
    WRONG = "the wrong password: it counts"
    LOCKED = "not even looked at: the account is locked or deactivated"


def judge(
    *,
    right: bool,
    is_active: bool,
    is_email_verified: bool,
    locked_until: datetime | None,
    known_device: bool,
    instant: datetime,
) -> Outcome:
    """Judge an attempt. A device with a live session is spared the lockout, so that a stranger's guesses cannot keep
    the owner out. (A ban ends every session, so it spares nobody.)"""
    locked = locked_until is not None and instant < locked_until and not known_device
    if locked or not is_active:
        return Outcome.LOCKED
    if not right:
        return Outcome.WRONG
    return Outcome.WELCOME if is_email_verified else Outcome.UNVERIFIED


def lock_after(attempts: int, allowed: int) -> timedelta | None:
    """How long to lock after this many wrong passwords in a row: a minute at `allowed`, doubling to an hour."""
    if attempts < allowed:
        return None
    doublings = min(attempts - allowed, 10)
    return min(SHORTEST_LOCK * (1 << doublings), LONGEST_LOCK)
