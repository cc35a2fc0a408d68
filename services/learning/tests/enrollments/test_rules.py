"""What opens a course, alone."""

from decimal import Decimal

import pytest
from learning.enrollments.rules import access

LIMIT = Decimal("50.00")


@pytest.mark.parametrize(
    ("price", "has_bought", "tier", "can_pay", "expected"),
    [
        ("0.00", False, "free", False, "free"),
        ("0.00", False, "free", True, "free"),
        ("39.00", False, "free", False, None),
        ("39.00", False, "free", True, "purchase"),
        ("39.00", True, "free", True, "bought"),
        ("39.00", False, "premium", True, "subscription"),
        ("900.00", False, "premium", False, "subscription"),
        ("50.00", False, "basic", False, "subscription"),
        ("50.01", False, "basic", False, None),
        ("50.01", False, "basic", True, "purchase"),
    ],
)
def test_access(price, has_bought, tier, can_pay, expected):
    right = access(Decimal(price), has_bought=has_bought, tier=tier, basic_limit=LIMIT, can_pay=can_pay)
    assert right == expected
