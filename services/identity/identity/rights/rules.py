"""Who may give and take which rights: nobody rises by it, neither themselves nor by the hand of another."""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass

EVERYTHING = "*"
"""What a superuser's token says instead of every codename there is."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What an account may do as staff, through its groups and by itself. An admin may everything."""

    user_id: int
    is_admin: bool
    permissions: frozenset[str]

    def holds(self, permissions: AbstractSet[str]) -> bool:
        return self.is_admin or permissions <= self.permissions

    def is_out_of_reach_of(self, other: "Standing") -> bool:
        """Whether this account is not the other's to touch: it may do something that the other may not."""
        return not other.is_admin and (self.is_admin or not other.holds(self.permissions))


def may_change_group(actor: Standing, *, before: AbstractSet[str], after: AbstractSet[str]) -> bool:
    """Whether the actor may make a group of these permissions into one of those (none at all: make, delete).

    What they do not hold they neither give nor take; so a group with a permission of which they hold nothing is out
    of their reach altogether.
    """
    return actor.holds(before | after)


def loses(before: Standing, after: Standing) -> bool:
    """Whether an account may do less than before: then its tokens must not outlive it."""
    if before.is_admin and not after.is_admin:
        return True
    return not after.holds(before.permissions)
