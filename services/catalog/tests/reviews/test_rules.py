"""What a course's rating is."""

from decimal import Decimal

import pytest
from catalog.reviews.rules import average
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("ratings", "mean"),
    [([], "0.00"), ([5], "5.00"), ([5, 4, 4], "4.33"), ([5, 5, 4], "4.67"), ([1, 2] * 4 + [1], "1.44")],
)
def test_the_mean_in_hundredths(ratings: list[int], mean: str) -> None:
    assert average(sum(ratings), len(ratings)) == Decimal(mean)


@given(st.lists(st.integers(1, 5), min_size=1))
def test_a_mean_lies_among_what_it_is_of(ratings: list[int]) -> None:
    assert min(ratings) <= average(sum(ratings), len(ratings)) <= max(ratings)
