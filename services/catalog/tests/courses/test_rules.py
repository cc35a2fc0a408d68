"""Prices, completeness and versions, decided without a database."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from catalog.courses import rules
from catalog.courses.errors import DiscountMissing, DiscountNotBelowPrice

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
PRICE, LESS = Decimal("49.00"), Decimal("39.00")


@pytest.mark.parametrize(
    ("discount", "ends", "expected"),
    [
        (None, None, PRICE),
        (LESS, None, LESS),
        (LESS, NOON + timedelta(microseconds=1), LESS),
        (LESS, NOON, PRICE),
        (LESS, NOON - timedelta(days=1), PRICE),
        (Decimal("0.00"), None, Decimal("0.00")),
    ],
)
def test_the_effective_price_follows_the_clock(discount, ends, expected):
    assert rules.effective_price(PRICE, discount, ends, NOON) == expected


def test_a_discount_is_below_the_price_and_has_something_to_end():
    rules.check_price(PRICE, LESS, NOON)
    rules.check_price(Decimal("0.00"), None, None)
    for discount in (PRICE, PRICE + 1):
        with pytest.raises(DiscountNotBelowPrice):
            rules.check_price(PRICE, discount, None)
    with pytest.raises(DiscountNotBelowPrice):
        rules.check_price(Decimal("0.00"), Decimal("0.00"), None)
    with pytest.raises(DiscountMissing):
        rules.check_price(PRICE, None, NOON)


def draft(**given):
    whole = {
        "title": "A title",
        "description": "x" * 100,
        "has_category": True,
        "level": "beginner",
        "price": Decimal(0),
        "lessons_per_module": (1, 3),
    }
    return rules.Draft(**{**whole, **given})


@pytest.mark.parametrize(
    ("given", "fields"),
    [
        ({}, []),
        ({"title": "  "}, ["title"]),
        ({"description": "x" * 99}, ["description"]),
        ({"description": " " * 50 + "x" * 60 + " " * 50}, ["description"]),
        ({"has_category": False}, ["category_id"]),
        ({"level": ""}, ["level"]),
        ({"price": None}, ["price"]),
        ({"lessons_per_module": ()}, ["modules", "lessons"]),
        ({"lessons_per_module": (2, 0)}, ["lessons"]),
    ],
)
def test_what_a_course_lacks_is_named(given, fields):
    assert [lack["field"] for lack in rules.missing(draft(**given))] == fields


def test_completion_counts_what_is_there():
    nothing = draft(title="", description="", has_category=False, level="", price=None, lessons_per_module=())
    assert len(rules.missing(nothing)) == rules.WANTED
    assert rules.completion(rules.WANTED) == (0, "not_started")
    assert rules.completion(3) == (57, "partial")
    assert rules.completion(0) == (100, "complete")


@pytest.mark.parametrize(
    ("version", "text", "following"),
    [("1.00", "1.0", "1.1"), ("1.10", "1.1", "1.2"), ("1.90", "1.9", "2.0"), ("2.05", "2.05", "2.15")],
)
def test_versions_are_written_and_followed(version, text, following):
    assert rules.version_text(Decimal(version)) == text
    assert rules.version_text(rules.next_version(Decimal(version))) == following


def test_versions_end_where_their_column_does():
    assert rules.next_version(rules.LAST_VERSION) == rules.LAST_VERSION
