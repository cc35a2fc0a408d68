"""Which tier counts, and what the tiers give."""

from datetime import datetime

FREE = "free"

DESCRIPTIONS = {
    "free": "Every free course, and any other for its price.",
    "basic": "Every course up to the basic tier's price limit.",
    "premium": "Every course, premium lessons and resources.",
}


def effective_tier(tier: str, status: str, ends: datetime | None, instant: datetime) -> str:
    """The tier that counts at an instant: what is paid for counts to its end (exclusive), cancelled or not."""
    if status in ("active", "cancelled") and (ends is None or instant < ends):
        return tier
    return FREE
