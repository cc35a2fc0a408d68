import pytest
from instructor.profiles.rules import may_apply, status_after


@pytest.mark.parametrize(
    ("action", "status", "reached"),
    [
        ("approve", "pending", "active"),
        ("approve", "rejected", "active"),
        ("approve", "active", "active"),
        ("approve", "suspended", None),
        ("reject", "pending", "rejected"),
        ("reject", "active", None),
        ("suspend", "active", "suspended"),
        ("suspend", "pending", None),
        ("reinstate", "suspended", "active"),
        ("reinstate", "pending", None),
        ("reinstate", "rejected", None),
    ],
)
def test_which_standing_leads_to_which(action: str, status: str, reached: str | None) -> None:
    assert status_after(action, status) == reached  # type: ignore[arg-type]


def test_who_may_apply() -> None:
    assert may_apply(None)
    assert may_apply("rejected")
    assert not any(may_apply(status) for status in ("pending", "active", "suspended"))
