"""Rounding half-up, once, where a number is stored."""

from decimal import Decimal
from fractions import Fraction
from math import floor


def half_up(value: Fraction | Decimal | int, places: int) -> Decimal:
    """`value`, which is not negative, rounded half-up to so many decimals."""
    return Decimal(floor(Fraction(value) * 10**places + Fraction(1, 2))).scaleb(-places)


def mean(total: Decimal | int, count: int, places: int) -> Decimal:
    """total / count rounded half-up; 0 for none.

    The sums kept here are of percentages cut at twelve decimals, so that a mean of exactly .005 may stand a hair
    below it: it is brought back to nine decimals first.
    """
    if count == 0:
        return half_up(0, places)
    return half_up(half_up(Fraction(total) / count, 9), places)
