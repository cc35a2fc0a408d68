"""What opens a course. No I/O."""

from decimal import Decimal
from typing import Literal

Access = Literal["free", "bought", "subscription", "purchase"]


def access(
    price: Decimal, *, has_bought: bool, tier: str, basic_limit: Decimal, can_pay: bool
) -> Access | None:
    """By what right somebody may enroll at this price; None when they would have to pay and did not offer to.

    What costs nothing is never charged, whatever was offered.
    """
    if price == 0:
        return "free"
    if has_bought:
        return "bought"
    if tier == "premium" or (tier == "basic" and price <= basic_limit):
        return "subscription"
    return "purchase" if can_pay else None
