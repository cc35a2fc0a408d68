"""What may become of an account by the hand of the staff, without I/O."""

from datetime import datetime, timedelta

from identity.accounts.rules import ADMIN, INSTRUCTOR, STUDENT
from identity.rights.rules import Standing, loses

RANK = {STUDENT: 0, INSTRUCTOR: 1, ADMIN: 2}

LONGEST_BAN = timedelta(days=3653)
"""Ten years; who is to be kept out for longer is deactivated."""


def may_become(actor: Standing, after: Standing) -> bool:
    """Whether the actor may leave somebody with these rights: never with more than they hold themselves."""
    return not after.is_out_of_reach_of(actor)


def must_log_in_again(before: Standing, after: Standing, *, old_role: str, new_role: str) -> bool:
    """Whether the access tokens there are say more than is true now. What was gained waits for the next refresh."""
    return loses(before, after) or RANK[new_role] < RANK[old_role]


def is_sensible_ban(until: datetime, instant: datetime) -> bool:
    return instant < until <= instant + LONGEST_BAN
