"""Rounding half-up, once, where a number is stored."""

from decimal import ROUND_HALF_UP, Decimal
from typing import Final

_EXACT: Final = Decimal("1e-9")
_STEPS: Final = {places: Decimal(1).scaleb(-places) for places in range(7)}


def half_up(value: Decimal | int, places: int) -> Decimal:
    """`value` rounded half-up to so many decimals (at most 6).

    Quotients end after 28 digits, and sums of percentages are kept with twelve decimals, so that what is exactly
    a half may stand a hair below it: it is brought back to nine decimals first. Nothing we count comes nearer to a
    half without being one.
    """
    return Decimal(value).quantize(_EXACT, ROUND_HALF_UP).quantize(_STEPS[places], ROUND_HALF_UP)


def ratio(part: Decimal | int, whole: Decimal | int) -> Decimal:
    """part / whole; 0 for a part of nothing."""
    return Decimal(part) / whole if whole else Decimal(0)
