"""Which tier counts, months, what a change costs, and when money is asked for again."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from identity.billing.errors import SubscriptionOpenEnded
from identity.billing.rules import (
    Plan,
    Standing,
    effective_tier,
    first_period,
    month_after,
    month_before,
    next_attempt,
    next_period,
    plan,
    proration,
    still_buys,
)
from identity.billing.testing import utc
from identity.testing import MakePerson

NOW = datetime(2026, 11, 22, tzinfo=UTC)
DAY = timedelta(days=1)
PRICES = {"free": Decimal(0), "basic": Decimal(9), "premium": Decimal(29)}

instants = st.datetimes(datetime(2000, 1, 1), datetime(2199, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis adds the zone
money = st.decimals(0, 10_000, places=2)


@pytest.mark.parametrize(
    ("tier", "status", "ends", "effective"),
    [
        ("premium", "active", None, "premium"),
        ("premium", "active", NOW + DAY, "premium"),
        ("premium", "active", NOW, "free"),
        ("premium", "cancelled", NOW + DAY, "premium"),
        ("premium", "cancelled", NOW - DAY, "free"),
        ("basic", "past_due", NOW + DAY, "free"),
        ("basic", "expired", None, "free"),
        ("free", "active", None, "free"),
    ],
)
def test_what_counts(tier: str, status: str, ends: datetime | None, effective: str) -> None:
    assert effective_tier(tier, status, ends, NOW) == effective


# --- months -------------------------------------------------------------------------------------------------


def test_the_end_of_january_comes_back_in_march() -> None:
    end = utc(2026, 1, 31, 13, 5)
    ends = []
    for _ in range(4):
        end = month_after(end, 31)
        ends.append((end.month, end.day, end.hour, end.minute))
    assert ends == [(2, 28, 13, 5), (3, 31, 13, 5), (4, 30, 13, 5), (5, 31, 13, 5)]
    assert month_after(utc(2028, 1, 30), 30) == utc(2028, 2, 29)
    assert month_after(utc(2026, 12, 31), 31) == utc(2027, 1, 31)
    assert month_before(utc(2027, 1, 31), 31) == utc(2026, 12, 31)
    assert month_before(utc(2026, 3, 31), 31) == utc(2026, 2, 28)


@given(instants, st.integers(1, 31))
def test_months_go_on_one_by_one(instant: datetime, anchor_day: int) -> None:
    after = month_after(instant, anchor_day)
    assert (after.year * 12 + after.month) - (instant.year * 12 + instant.month) == 1
    assert after.day == anchor_day or (after + DAY).day == 1
    assert after.day <= anchor_day
    assert after.time() == instant.time()
    assert after > instant


@given(instants, st.integers(1, 60))
def test_the_anchor_is_never_lost(start: datetime, months: int) -> None:
    """However many short months lie between, the day comes back where a month has it."""
    period = first_period(start)
    for _ in range(months):
        following = next_period(period.ends, period.anchor_day, period.ends)
        assert following.starts == period.ends
        assert timedelta(days=28) <= following.ends - following.starts <= timedelta(days=31)
        assert month_before(following.ends, following.anchor_day) == following.starts
        period = following
    assert period.anchor_day == start.day


def test_who_pays_late_pays_for_no_day_that_did_not_count() -> None:
    end = utc(2026, 1, 31)
    assert next_period(end, 31, end - DAY).ends == utc(2026, 2, 28)
    assert next_period(end, 31, end + timedelta(minutes=5)).ends == utc(2026, 2, 28)
    late = next_period(end, 31, utc(2026, 2, 5))
    assert (late.starts, late.ends, late.anchor_day) == (utc(2026, 2, 5), utc(2026, 3, 5), 5)


# --- what a change costs ------------------------------------------------------------------------------------


@given(money, money, instants, st.integers(1, 31), st.integers(-40, 40), st.integers(0, 86_399_999_999))
def test_the_rest_of_a_month_costs_no_more_than_a_month(
    price: Decimal, credited: Decimal, start: datetime, anchor_day: int, days: int, microseconds: int
) -> None:
    end = month_after(start, anchor_day)
    instant = end - timedelta(days=days, microseconds=microseconds)
    due = proration(price, credited, end, anchor_day, instant)
    assert 0 <= due <= price
    assert due <= max(price - credited, Decimal(0))
    sooner = proration(price, credited, end, anchor_day, instant - timedelta(hours=1))
    assert sooner >= due, "less time costs less"


def test_half_a_month_costs_half_the_difference() -> None:
    end = utc(2026, 5, 1)
    assert proration(Decimal(29), Decimal(9), end, 1, utc(2026, 4, 16)) == Decimal(10)
    assert proration(Decimal(29), Decimal(9), end, 1, utc(2026, 4, 1)) == Decimal(20)
    assert proration(Decimal(29), Decimal(9), end, 1, end) == 0
    # Renewed ahead of its time: a whole month is what it costs at the most.
    assert proration(Decimal(29), Decimal(9), end, 1, utc(2026, 3, 31)) == Decimal(20)


def standing(
    tier: str = "basic", status: str = "active", ends: datetime | None = NOW + 15 * DAY, **given_: object
) -> Standing:
    fields = {"is_auto_renew": True, "next_tier": None, "anchor_day": 7, **given_}
    return Standing(tier=tier, status=status, ends=ends, **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("before", "wanted", "step", "next_tier"),
    [
        (standing("free", ends=None), "basic", "start", None),
        (standing("premium", "expired"), "basic", "start", None),
        (standing("premium", "past_due", NOW - DAY), "premium", "start", None),
        (standing("premium", "cancelled", NOW - DAY), "premium", "start", None),
        (standing("basic", ends=None), "premium", "start", None),
        (standing("basic"), "premium", "upgrade", None),
        (standing("basic", "cancelled", is_auto_renew=False), "premium", "upgrade", None),
        (standing("premium"), "basic", "switch", "basic"),
        (standing("premium", next_tier="basic"), "basic", "nothing", "basic"),
        (standing("premium", next_tier="basic"), "premium", "switch", None),
        (standing("basic"), "basic", "nothing", None),
        (standing("basic", "cancelled", is_auto_renew=False), "basic", "switch", None),
        (standing("premium", "cancelled", is_auto_renew=False), "basic", "switch", "basic"),
        (standing("premium", ends=None), "premium", "nothing", None),
    ],
)
def test_what_it_takes(before: Standing, wanted: str, step: str, next_tier: str | None) -> None:
    found = plan(before, wanted, PRICES, NOW)
    assert (found.step, found.next_tier) == (step, next_tier)
    match step:
        case "start":
            assert found.amount == PRICES[wanted]
        case "upgrade":
            assert 0 < found.amount < PRICES[wanted] - PRICES["basic"]
        case _:
            assert found.amount == 0


def test_less_of_what_is_given_away_cannot_be_had() -> None:
    with pytest.raises(SubscriptionOpenEnded):
        plan(standing("premium", ends=None), "basic", PRICES, NOW)


@given(
    st.sampled_from(["free", "basic", "premium"]),
    st.sampled_from(["active", "cancelled", "past_due", "expired"]),
    st.none() | st.integers(-40, 62),
    st.sampled_from(["basic", "premium"]),
    st.integers(1, 31),
)
def test_no_plan_costs_more_than_a_month(
    tier: str, status: str, days: int | None, wanted: str, anchor_day: int
) -> None:
    ends = None if days is None else NOW + days * DAY
    before = standing(tier, status, ends, anchor_day=anchor_day)
    try:
        found: Plan = plan(before, wanted, PRICES, NOW)
    except SubscriptionOpenEnded:
        return
    assert 0 <= found.amount <= PRICES[wanted]
    if found.amount > 0:
        # What is paid for at once still buys it.
        assert still_buys(found.step, wanted, before.ends, before, NOW)


@pytest.mark.parametrize(
    ("kind", "now_", "buys"),
    [
        ("start", standing("free", ends=None), True),
        ("start", standing("premium", "expired"), True),
        ("start", standing("basic"), False),
        ("upgrade", standing("basic"), True),
        ("upgrade", standing("basic", ends=NOW + 46 * DAY), False),
        ("upgrade", standing("premium"), False),
        ("upgrade", standing("basic", "expired"), False),
        ("renewal", standing("premium"), True),
        ("renewal", standing("premium", "past_due"), True),
        ("renewal", standing("premium", ends=NOW + 46 * DAY), False),
        ("renewal", standing("premium", "cancelled", is_auto_renew=False), False),
        ("method", standing("premium", "cancelled", is_auto_renew=False), True),
    ],
)
def test_what_a_late_payment_still_buys(kind: str, now_: Standing, buys: bool) -> None:
    assert still_buys(kind, "premium", NOW + 15 * DAY, now_, NOW) is buys


def test_the_days_of_dunning() -> None:
    end = utc(2026, 3, 1)
    tried, instant = [], end - DAY
    while (again := next_attempt(end, instant, (0, 1, 3, 5))) is not None:
        tried.append((again - end).days)
        instant = again
    assert tried == [0, 1, 3, 5]


# --- what is shown ------------------------------------------------------------------------------------------


async def test_everybody_begins_free(join: MakePerson, client: httpx.AsyncClient) -> None:
    person = await join("ada")
    mine = (await person.get("/users/me/subscription")).json()
    assert (mine["tier"], mine["status"], mine["effective_tier"], mine["end_date"]) == (
        "free",
        "active",
        "free",
        None,
    )
    assert (await client.get("/api/v1/users/me/subscription")).status_code == 401


async def test_the_tiers_and_their_prices(client: httpx.AsyncClient) -> None:
    answer = (await client.get("/api/v1/subscription-tiers")).json()
    assert [(item["tier"], item["price"]) for item in answer["items"]] == [
        ("free", "0.00"),
        ("basic", "9.00"),
        ("premium", "29.00"),
    ]
    assert (await client.get("/api/v1/subscription-tiers?tier=free")).status_code == 422
