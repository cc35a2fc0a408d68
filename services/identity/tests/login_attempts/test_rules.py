from datetime import UTC, datetime, timedelta

import pytest
from identity.login_attempts.rules import Outcome, is_locked, judge, lock_after

NOW = datetime(2026, 11, 22, tzinfo=UTC)
SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("attempts", "minutes"),
    [(0, None), (4, None), (5, 1), (6, 2), (7, 4), (10, 32), (11, 60), (12, 60), (10_000, 60)],
)
def test_the_lock_doubles_from_a_minute_to_an_hour(attempts: int, minutes: int | None) -> None:
    assert lock_after(attempts, 5) == (None if minutes is None else timedelta(minutes=minutes))


@pytest.mark.parametrize(
    ("right", "active", "verified", "until", "known", "outcome"),
    [
        (True, True, True, None, False, Outcome.WELCOME),
        (True, True, False, None, False, Outcome.UNVERIFIED),
        (False, True, True, None, False, Outcome.WRONG),
        (False, True, False, None, False, Outcome.WRONG),
        (True, False, True, None, False, Outcome.DEACTIVATED),
        (True, True, True, NOW + SECOND, False, Outcome.LOCKED),
        (True, True, False, NOW + SECOND, False, Outcome.LOCKED),
        (True, True, True, NOW, False, Outcome.WELCOME),
        (True, True, True, NOW + SECOND, True, Outcome.WELCOME),
        (False, True, True, NOW + SECOND, True, Outcome.WRONG),
        (True, False, True, NOW + SECOND, True, Outcome.DEACTIVATED),
    ],
)
def test_judging(
    right: bool, active: bool, verified: bool, until: datetime | None, known: bool, outcome: Outcome
) -> None:
    locked = is_locked(until, NOW, known_device=known)
    found = judge(right=right, is_active=active, is_email_verified=verified, locked=locked)
    assert found is outcome
