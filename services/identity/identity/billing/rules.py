"""Which tier counts, how long a month is, what a change costs, and when money is asked for again. No I/O."""

from calendar import monthrange
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Literal

from identity.billing.errors import SubscriptionOpenEnded

FREE = "free"
RANK = {"free": 0, "basic": 1, "premium": 2}

DESCRIPTIONS = {
    "free": "Every free course, and any other for its price.",
    "basic": "Every course up to the basic tier's price limit.",
    "premium": "Every course, premium lessons and resources.",
}

IN_TIME = timedelta(hours=1)
"""How long after its end a period is still renewed as if nothing had been: the clockwork is not exact."""


def effective_tier(tier: str, status: str, ends: datetime | None, instant: datetime) -> str:
    """The tier that counts at an instant: what is paid for counts to its end (exclusive), cancelled or not."""
    if status in ("active", "cancelled") and (ends is None or instant < ends):
        return tier
    return FREE


# --- months -------------------------------------------------------------------------------------------------


def month_after(instant: datetime, anchor_day: int) -> datetime:
    """The same time in the next month, on `anchor_day` or the month's last day where it has none (UTC)."""
    return _in_month(instant, 1, anchor_day)


def month_before(instant: datetime, anchor_day: int) -> datetime:
    """The same time in the month before, on `anchor_day` or the month's last day where it has none (UTC)."""
    return _in_month(instant, -1, anchor_day)


def _in_month(instant: datetime, further: int, anchor_day: int) -> datetime:
    year, month = divmod(instant.year * 12 + instant.month - 1 + further, 12)
    day = min(anchor_day, monthrange(year, month + 1)[1])
    return instant.replace(year=year, month=month + 1, day=day)


@dataclass(frozen=True, slots=True)
class Period:
    """A month paid for; `ends` is exclusive. `anchor_day` is the day on which the later ones end."""

    starts: datetime
    ends: datetime
    anchor_day: int


def first_period(instant: datetime) -> Period:
    return Period(instant, month_after(instant, instant.day), instant.day)


def next_period(end: datetime, anchor_day: int, instant: datetime) -> Period:
    """The month after one that ended at `end`; from the payment on, where the tier had stopped counting meanwhile:
    nobody pays for days that gave them nothing."""
    if instant > end + IN_TIME:
        return first_period(instant)
    return Period(end, month_after(end, anchor_day), anchor_day)


# --- what a change costs ------------------------------------------------------------------------------------


def proration(
    price: Decimal, credited: Decimal, end: datetime, anchor_day: int, instant: datetime
) -> Decimal:
    """What a higher tier costs for the rest of a period that a lower one was paid for, unrounded.

    Never below 0 and never more than the price. A period that was renewed ahead of its time counts as a whole one.
    """
    whole = end - month_before(end, anchor_day)
    rest = min(max(end - instant, timedelta(0)), whole)
    microsecond = timedelta(microseconds=1)
    return max(price - credited, Decimal(0)) * (rest // microsecond) / (whole // microsecond)


@dataclass(frozen=True, slots=True)
class Standing:
    """What a decision about a subscription looks at."""

    tier: str
    status: str
    ends: datetime | None
    is_auto_renew: bool
    next_tier: str | None
    anchor_day: int

    def counts(self, instant: datetime) -> str:
        return effective_tier(self.tier, self.status, self.ends, instant)


@dataclass(frozen=True, slots=True)
class Plan:
    """What it takes to get the tier that is wanted.

    start: a month from now. upgrade: the higher tier for the rest of the period. switch: nothing is due now; the
    subscription goes on, with another tier from the end of the period where `next_tier` says so. nothing: it is so.
    """

    step: Literal["start", "upgrade", "switch", "nothing"]
    amount: Decimal = Decimal(0)
    next_tier: str | None = None


def plan(standing: Standing, wanted: str, prices: Mapping[str, Decimal], instant: datetime) -> Plan:
    """What it takes; amounts are unrounded. Raises SubscriptionOpenEnded for less of what nobody pays for."""
    counting = standing.counts(instant)
    if counting == FREE or (standing.ends is None and RANK[wanted] > RANK[counting]):
        return Plan("start", prices[wanted])
    if standing.ends is None:
        if wanted != counting:
            raise SubscriptionOpenEnded
        return Plan("nothing")
    if RANK[wanted] > RANK[counting]:
        due = proration(prices[wanted], prices[counting], standing.ends, standing.anchor_day, instant)
        return Plan("upgrade", due)
    next_tier = wanted if wanted != counting else None
    goes_on = standing.status == "active" and standing.is_auto_renew
    if goes_on and standing.next_tier == next_tier:
        return Plan("nothing", next_tier=next_tier)
    return Plan("switch", next_tier=next_tier)


def still_buys(kind: str, tier: str, for_end: datetime | None, standing: Standing, instant: datetime) -> bool:
    """Whether a payment that succeeded at last buys what it was made for; else it goes back.

    Between asking and knowing, a subscription may have been cancelled, paid for otherwise, or have ended.
    """
    match kind:
        case "start":
            counting = standing.counts(instant)
            return counting == FREE or (standing.ends is None and RANK[tier] > RANK[counting])
        case "upgrade":
            counting = standing.counts(instant)
            return counting != FREE and standing.ends == for_end and RANK[tier] > RANK[counting]
        case "renewal":
            return standing.ends == for_end and standing.is_auto_renew
    return True


# --- dunning ------------------------------------------------------------------------------------------------


def renewal_due(end: datetime, lead: timedelta) -> datetime:
    """When the period after `end` is first asked for."""
    return end - lead


def next_attempt(end: datetime, instant: datetime, days: Sequence[int]) -> datetime | None:
    """When a renewal that just failed is tried again: on these days after the end; None when there are no more."""
    return next((at for day in sorted(days) if (at := end + timedelta(days=day)) > instant), None)
