from datetime import UTC, datetime, timedelta

import httpx
import pytest
from identity.billing.rules import effective_tier
from identity.testing import MakePerson

NOW = datetime(2026, 11, 22, tzinfo=UTC)
DAY = timedelta(days=1)


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
