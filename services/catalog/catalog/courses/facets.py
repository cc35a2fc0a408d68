"""How many courses there would be behind each further choice, each choice ignoring what is chosen of its own kind."""

import typing
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    CTE,
    ColumnElement,
    Select,
    String,
    Subquery,
    and_,
    case,
    cast,
    func,
    literal,
    select,
    true,
    union_all,
)
from sqlalchemy.dialects.postgresql import ARRAY, array
from sqlalchemy.ext.asyncio import AsyncSession

from catalog.courses.filtering import COMPILED, Filters, conditions, price_at
from catalog.courses.models import Course, Found, Listing
from catalog.courses.paging import apart

COUNTED = 10_000
"""Courses that are looked at, at most: a count is for a choice, not for the books."""
CATEGORIES = 100
"""Categories that are told, those of the most courses first."""
RATINGS = (Decimal("4.5"), Decimal("4.0"), Decimal("3.5"), Decimal("3.0"))
BANDS: tuple[tuple[str, Decimal | None], ...] = (
    ("free", Decimal(0)),
    ("under_20", Decimal(20)),
    ("20_to_50", Decimal(50)),
    ("50_to_100", Decimal(100)),
    ("100_and_up", None),
)
"""Each price band and where it ends, exclusive but for what is free."""


@dataclass(frozen=True, slots=True)
class Counts:
    """Courses by value; `capped` where there are more than were looked at."""

    category: list[tuple[str, int]] = field(default_factory=list)
    level: list[tuple[str, int]] = field(default_factory=list)
    price: list[tuple[str, int]] = field(default_factory=list)
    rating: list[tuple[str, int]] = field(default_factory=list)
    language: list[tuple[str, int]] = field(default_factory=list)
    capped: bool = False


def _band(price: ColumnElement[Decimal]) -> ColumnElement[str]:
    whens = [(price == 0 if name == "free" else price < end, name) for name, end in BANDS if end is not None]
    return case(*whens, else_=BANDS[-1][0])


def _all(tests: Sequence[ColumnElement[bool]]) -> ColumnElement[bool]:
    return and_(true(), *tests)


def _looked_at(filters: Filters) -> CTE:
    """What is looked for, or the most popular courses, and which of the other filters each passes."""
    published: Any = Listing if filters.q is None else Found
    source: Any = published if filters.taught is None else Course
    price = price_at(filters.at, source)
    passes: dict[str, list[ColumnElement[bool]]] = {
        "category": [] if filters.categories is None else [source.category_id.in_(filters.categories)],
        "level": [] if filters.level is None else [source.level == filters.level],
        "language": [] if filters.language is None else [source.language == filters.language],
        "rating": [] if filters.min_rating is None else [source.avg_rating >= filters.min_rating],
        "price": [
            *([] if filters.max_price is None else [price <= filters.max_price]),
            *([] if filters.free is None else [price == 0 if filters.free else price > 0]),
        ],
        "rest": [
            *([] if filters.featured is None else [source.is_featured.is_(filters.featured)]),
            *(
                []
                if filters.has_certificate is None
                else [source.has_certificate.is_(filters.has_certificate)]
            ),
        ],
    }
    base = Filters(at=filters.at, taught=filters.taught, q=filters.q, searched_as=filters.searched_as)
    statement = select(
        source.category_id,
        source.level,
        source.language,
        source.avg_rating,
        _band(price).label("band"),
        *(_all(tests).label(f"in_{name}") for name, tests in passes.items()),
    ).where(*conditions(base, source))
    if filters.taught is None:
        statement = statement.where(published.is_published)
        if filters.q is None:
            statement = statement.order_by(Listing.enrolled_students_count.desc(), Listing.course_id.desc())
    return apart(statement.limit(COUNTED + 1), "looked_at")


KINDS = ("category", "level", "language", "rating", "price", "rest")


def _statement(filters: Filters, ancestry: Subquery) -> Select[Any]:
    seen = _looked_at(filters)

    def count(kind: str, value: Any, source: Any = seen) -> Select[Any]:
        others = [seen.c[f"in_{other}"] for other in KINDS if other != kind]
        statement = select(
            literal(kind).label("kind"), cast(value, String).label("value"), func.count().label("courses")
        )
        counted = statement.select_from(source).where(*others).group_by(value)
        return typing.cast("Select[Any]", counted)

    above = seen.join(ancestry, ancestry.c.category_id == seen.c.category_id)
    biggest = count("category", ancestry.c.ancestor_id, above).order_by(func.count().desc()).limit(CATEGORIES)
    everything = select(literal("all"), literal(""), func.count()).select_from(seen)
    parts = union_all(
        select(biggest.subquery()),
        count("level", seen.c.level),
        count("language", seen.c.language),
        count("price", seen.c.band),
        _by_rating(seen),
        everything,
    ).subquery()
    return typing.cast("Select[Any]", select(parts.c.kind, parts.c.value, parts.c.courses))


def _by_rating(seen: CTE) -> Select[Any]:
    """Courses of each rating or better, counted in one go: a course is of several."""
    others = (seen.c[f"in_{other}"] for other in KINDS if other != "rating")
    each = (func.count().filter(seen.c.avg_rating >= rating) for rating in RATINGS)
    ratings = select(
        func.unnest(literal([str(rating) for rating in RATINGS], ARRAY(String))).label("rating"),
        func.unnest(array(each)).label("courses"),
    )
    counted = ratings.select_from(seen).where(*others).subquery("by_rating")
    return select(literal("rating"), counted.c.rating, counted.c.courses).where(counted.c.courses > 0)


async def count(session: AsyncSession, filters: Filters, ancestry: Subquery) -> Counts:
    """Count in one query. `ancestry` says of each category_id which ancestor_id it stands under, itself included."""
    found: dict[str, list[tuple[str, int]]] = {kind: [] for kind in (*KINDS, "all")}
    for kind, value, courses in await session.execute(
        _statement(filters, ancestry), {"category": filters.category}, execution_options=COMPILED
    ):
        found[kind].append((value, courses))
    for kind in ("category", "level", "language"):
        found[kind].sort(key=lambda pair: (-pair[1], pair[0]))
    order = {name: place for place, (name, _) in enumerate(BANDS)}
    return Counts(
        category=found["category"],
        level=found["level"],
        language=found["language"],
        price=sorted(found["price"], key=lambda pair: order[pair[0]]),
        rating=sorted(found["rating"], key=lambda pair: -Decimal(pair[0])),
        capped=found["all"][0][1] > COUNTED,
    )
