"""Which tier counts, alone."""

from datetime import UTC, datetime, timedelta

import pytest
from learning.people.rules import Subscription, tier_at

NOW = datetime(2026, 11, 22, 20, 0, tzinfo=UTC)
BEFORE, AFTER = NOW - timedelta(minutes=5), NOW + timedelta(minutes=5)


@pytest.mark.parametrize(
    ("told", "token", "expected"),
    [
        (None, "premium", "premium"),
        (None, "free", "free"),
        (Subscription("premium", "active", None, AFTER), "free", "premium"),
        (Subscription("premium", "cancelled", AFTER, AFTER), "free", "premium"),
        (Subscription("premium", "expired", None, AFTER), "premium", "free"),
        (Subscription("premium", "past_due", None, AFTER), "premium", "free"),
        (Subscription("premium", "cancelled", BEFORE, AFTER), "premium", "free"),
        (Subscription("free", "active", None, BEFORE), "premium", "premium"),
        (Subscription("premium", "active", None, BEFORE), "premium", "premium"),
        (Subscription("premium", "active", NOW, BEFORE), "premium", "free"),
    ],
)
def test_the_newer_of_token_and_event_counts(told, token, expected):
    assert tier_at(NOW, token_tier=token, token_issued=NOW - timedelta(minutes=1), told=told) == expected
