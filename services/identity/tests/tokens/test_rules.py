from datetime import UTC, datetime, timedelta

import pytest
from identity.tokens.rules import Use, fingerprint, judge, new_refresh_token

NOW = datetime(2026, 11, 22, tzinfo=UTC)
GRACE = timedelta(seconds=5)


@pytest.mark.parametrize(
    ("seconds_ago", "successor_used", "use"),
    [
        (None, False, Use.ROTATE),
        (0, False, Use.REPEAT),
        (5, False, Use.REPEAT),
        (5.001, False, Use.REUSE),
        (0, True, Use.REUSE),
        (60, True, Use.REUSE),
    ],
)
def test_judging(seconds_ago: float | None, successor_used: bool, use: Use) -> None:
    used_at = None if seconds_ago is None else NOW - timedelta(seconds=seconds_ago)
    assert judge(used_at=used_at, successor_used=successor_used, instant=NOW, grace=GRACE) is use


def test_refresh_tokens_are_long_and_new() -> None:
    made = {new_refresh_token() for _ in range(100)}
    assert len(made) == 100
    assert {len(token) for token in made} == {43}
    assert len({fingerprint(token).jti for token in made}) == 100
