"""Which tier counts."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Subscription:
    tier: str
    status: str
    ends: datetime | None
    changed_at: datetime

    def tier_at(self, instant: datetime) -> str:
        """The tier counts while active or cancelled, and until `ends`."""
        over = self.ends is not None and instant >= self.ends
        return "free" if over or self.status not in ("active", "cancelled") else self.tier


def tier_at(instant: datetime, *, token_tier: str, token_issued: datetime, told: Subscription | None) -> str:
    """The tier a person has now: by the token they show or by what identity told since, whichever is newer.

    A token outlives a subscription by minutes, and an event may be behind a token bought a second ago.
    """
    if told is None:
        return token_tier
    if told.changed_at > token_issued:
        return told.tier_at(instant)
    if told.tier == token_tier:
        return told.tier_at(instant)
    return token_tier
