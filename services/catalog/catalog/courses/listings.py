"""What a list or a search is narrowed by, in words that one index finds: the tags of a course.

A tag is a filter's value (`level:beginner`), or the step on which the course stands in an order (`popular:7`), one for
each order. The steps let a page be gathered from where it can be: the most popular steps first, and so on down.
"""

from bisect import bisect_right
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import DDL

EVERY = "*"
"""The tag that every course has."""
STUDENTS = (1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576)
PRICES = (
    Decimal("0.01"),
    *(Decimal(price) for price in (5, 10, 15, 20, 30, 50, 75, 100, 150, 200, 500, 1000)),
)
RATINGS = 50
"""Tenths of a star."""


def step(sort: str, value: Any) -> int:
    """The step of a course with this value of the order's first column; the same as `catalog_listing_tags` says."""
    if sort == "popular":
        return bisect_right(STUDENTS, value)
    if sort == "price":
        return bisect_right(PRICES, value)
    if sort == "rating":
        return int(value * 10)
    assert isinstance(value, datetime)
    return value.year * 12 + value.month


def start(sort: str, place: tuple[Any, ...] | None, at: datetime) -> int:
    """The step on which a list begins at this instant, or goes on from this place."""
    if place is not None:
        return step(sort, place[0])
    # A month ahead: the clock of who published may be.
    return {"newest": step("newest", at) + 1, "popular": len(STUDENTS), "rating": RATINGS, "price": 0}[sort]


def tiers(sort: str, first: int) -> list[str]:
    """Tags of the courses from this step on, joined by commas: of the first steps, then of ever more further on, until
    every course has been among them, or is in EVERY."""
    if sort == "price":
        return [f"price:{number}" for number in range(first, len(PRICES) + 1)]
    if sort == "popular":
        # There are few on the upper steps, and some ten times as many on each tier as on those above.
        edges = [edge for edge in (7, 5, 3) if edge <= first]
    else:
        # Months and tenths of a star are narrow: twice as many each time.
        edges = [first - below for below in (0, 2, 6, 14, 30) if first > below]
    ends = [*edges, 0] if sort != "newest" and edges[-1:] != [0] else edges
    begins = [first, *(end - 1 for end in ends)]
    steps = [range(begin, end - 1, -1) for begin, end in zip(begins, ends, strict=False)]
    tags = [",".join(f"{sort}:{number}" for number in each) for each in steps]
    return [*tags, EVERY] if sort == "newest" else tags


def down_to(sort: str, value: Any) -> list[str]:
    """Tags of the courses that have this value or more."""
    highest = {"popular": len(STUDENTS), "rating": RATINGS}[sort]
    return [f"{sort}:{number}" for number in range(step(sort, value), highest + 1)]


def certificate(has: bool) -> str:
    return "certificate" if has else "no_certificate"


def at_most(price: Decimal) -> list[str] | None:
    """Tags that courses of up to this price have; None where they would be most."""
    last = bisect_right(PRICES, price)
    return [f"price:{number}" for number in range(last + 1)] if last <= bisect_right(PRICES, 5) else None


def at_least(rating: Decimal) -> list[str] | None:
    """Tags that courses of this rating or better have; None where they would be most."""
    return down_to("rating", rating) if rating >= 4.5 else None


# --- in the database ------------------------------------------------------------------------------------------------

TAGGED = (
    "category_id",
    "level",
    "language",
    "has_certificate",
    "is_featured",
    "first_published_at",
    "popular_step",
    "rating_step",
    "price_now",
)
POPULAR_STEP = f"width_bucket(enrolled_students_count, ARRAY[{', '.join(map(str, STUDENTS))}])"
RATING_STEP = "floor(avg_rating * 10)"
"""As columns: while the step is the same, one more student is no matter of the index."""
TAGS = f"catalog_found_tags({', '.join(TAGGED)})"
HEAVIEST = "'{a}'::\"char\"[]"
TITLE = f"ts_filter(words, {HEAVIEST})"
"""The words of the title: what weighs most."""
# Not one that is inlined: an index is used for the very expression it is on.
CREATE_TAGS = DDL(  # type: ignore[no-untyped-call]
    "CREATE OR REPLACE FUNCTION catalog_found_tags(category_id bigint, level text, language text, "
    "has_certificate boolean, is_featured boolean, first_published_at timestamptz, popular_step smallint, "
    "rating_step smallint, price numeric) RETURNS text[] LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$ BEGIN "
    f"RETURN array_remove(ARRAY['{EVERY}', 'category:' || category_id::text, 'level:' || level, "
    "'language:' || language, CASE WHEN has_certificate THEN 'certificate' ELSE 'no_certificate' END, "
    "CASE WHEN is_featured THEN 'featured' END, CASE WHEN price = 0 THEN 'free' END, "
    "'newest:' || (extract(year FROM first_published_at AT TIME ZONE 'UTC') * 12 "
    "+ extract(month FROM first_published_at AT TIME ZONE 'UTC'))::int::text, "
    "'popular:' || popular_step::text, 'rating:' || rating_step::text, "
    f"'price:' || width_bucket(price, ARRAY[{', '.join(map(str, PRICES))}])::text], NULL); END $$"
)
