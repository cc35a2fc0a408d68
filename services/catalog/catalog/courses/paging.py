"""The ids of a page of published courses, found in a few steps whatever is asked.

How many courses match, nobody knows before; the planner guesses, and a wrong guess is a walk over the whole catalogue.
So nothing is left to it. The first NEAR courses of the order are looked through: where many match, the page is there.
Where it is not, few match, and they are gathered by the index of words and tags: from the first step of the order, then
from ever more of the next, until there are enough. What is read is a small multiple of what is shown.
"""

from collections.abc import Callable, Iterable
from typing import Any

from chassis.pagination import Key
from sqlalchemy import (
    ARRAY,
    CTE,
    BigInteger,
    ColumnElement,
    Select,
    Text,
    bindparam,
    case,
    func,
    literal,
    or_,
    select,
    tuple_,
)
from sqlalchemy.dialects.postgresql import aggregate_order_by

from catalog.courses import listings
from catalog.courses.filtering import Filters, conditions, has_words, have_any, indexed, likely
from catalog.courses.models import Found, Listing

NEAR, NEAR_WITH_WORDS = 600, 150
"""Courses that are looked through in their order before any are gathered; fewer where it takes their words, unless the
first step of the order has very many: those that are free."""
_IDS = ARRAY(BigInteger)
Place = tuple[Any, ...]
Also = Callable[[Any], Iterable[ColumnElement[bool]]]
"""What else is asked of the rows of Listing or Found, told which."""
KEYS = {
    "newest": ("first_published_at", "course_id"),
    "popular": ("enrolled_students_count", "course_id"),
    "rating": ("avg_rating", "total_reviews", "course_id"),
    "price": ("price_now", "course_id"),
}
"""What each order is by: all but the price from the top down."""


def apart(statement: Any, name: str) -> CTE:
    """Done once and by itself: merged into what is around it, it would be planned as a walk over every course."""
    made: CTE = statement.cte(name).prefix_with("MATERIALIZED")
    return made


def key_of(sort: str) -> Key:
    """The order as `chassis.pagination` knows orders."""
    return [(getattr(Listing, name), "asc" if sort == "price" else "desc") for name in KEYS[sort]]


def compared(sort: str, name: str, source: Any) -> tuple[Any, Any]:
    """The columns of the order, and a place in it, the parameters of `given` under this name. It is a row value, which
    an index seeks exactly, however many courses share the first column."""
    key = [getattr(source, column) for column in KEYS[sort]]
    place = (bindparam(f"{name}_place_{n}", type_=column.type) for n, column in enumerate(key))
    return tuple_(*key), tuple_(*place)


def given(filters: Filters, sort: str, name: str, place: Place | None) -> dict[str, Any]:
    """The parameters of the page of this name: where it begins, and by what it is gathered."""
    if filters.q is not None and filters.featured:
        # The few that an admin has chosen: with a word beside, all at once are sooner had than step by step.
        tiers = ["featured"]
    else:
        tiers = listings.tiers(sort, listings.start(sort, place, filters.at))
    return {f"{name}_tiers": tiers, **{f"{name}_place_{n}": value for n, value in enumerate(place or ())}}


def _ordered(sort: str, source: Any) -> list[Any]:
    columns = [getattr(source, name) for name in KEYS[sort]]
    return [column.asc() if sort == "price" else column.desc() for column in columns]


def page_of(
    filters: Filters,
    sort: str,
    limit: Any,
    *,
    behind: bool = False,
    only: Also = lambda source: (),
    walk: bool = True,
    name: str = "page",
) -> CTE:
    """The first `limit` ids of the matches in this order: an array, `found`, in the one row.

    They are those `behind` a place, or the first; `given` has the parameters. `only` is what else is asked. Without the
    `walk` they are gathered from the first: for more than one page.
    """
    listed = _listed(sort, Found, name, only, behind=behind)
    if not walk:
        nothing = select(literal([], _IDS).label("found"))
        return _gathered(filters, sort, limit, listed, nothing, name)
    near = (
        select(Listing.__table__)
        .where(*_listed(sort, Listing, name, only, behind=behind))
        .order_by(*_ordered(sort, Listing))
    )
    how_many = NEAR if filters.q is None or sort == "price" else NEAR_WITH_WORDS
    near_by = near.limit(how_many).subquery(f"{name}_near")
    seen = select(near_by.c.course_id).where(*conditions(filters, near_by.c))
    seen = seen.order_by(*_ordered(sort, near_by.c)).limit(limit)
    walked = select(func.array(seen.scalar_subquery(), type_=_IDS).label("found"))
    return _gathered(filters, sort, limit, listed, walked, name)


def _listed(sort: str, source: Any, name: str, only: Also, *, behind: bool) -> list[Any]:
    if not behind:
        return [source.is_published, *only(source)]
    columns, place = compared(sort, name, source)
    return [source.is_published, *only(source), columns > place if sort == "price" else columns < place]


def _gathered(
    filters: Filters,
    sort: str,
    limit: Any,
    listed: list[Any],
    walked: Select[Any],
    name: str,
) -> CTE:
    """What was walked to, if that is enough; else what is gathered, step by step."""
    tags = bindparam(f"{name}_tiers", type_=ARRAY(Text))
    tiers = select(tags.label("tags")).cte(f"{name}_tiers")
    last = func.cardinality(tiers.c.tags)
    begun = apart(walked, f"{name}_walked")
    stage = select(literal(0).label("n"), begun.c.found).cte(f"{name}_stage", recursive=True)
    tier = func.string_to_array(tiers.c.tags[stage.c.n + 1], ",", type_=ARRAY(Text))
    on_tier = (*listed, have_any(tier), *indexed(filters))
    if filters.phrased:
        these = _said(filters, sort, limit, on_tier, stage, tiers)
    else:
        ids = func.array_agg(aggregate_order_by(Found.course_id, *_ordered(sort, Found)), type_=_IDS)
        matches = select(ids[1:limit]).where(*on_tier, *conditions(filters, Found))
        these = matches.correlate(stage, tiers).scalar_subquery()
    # What was walked to is in the first tier again, as all is in that of every course.
    anew = or_(stage.c.n == 0, tiers.c.tags[stage.c.n + 1] == listings.EVERY)
    none = literal([], _IDS)
    before = case((anew, none), else_=stage.c.found)
    found = func.coalesce(these, none, type_=_IDS)
    stage = stage.union_all(
        select(stage.c.n + 1, before.op("||")(found)).where(
            stage.c.n < last, func.cardinality(stage.c.found) < limit
        )
    )
    enough: ColumnElement[Any] = stage.c.found[1:limit]
    return select(enough.label("found")).order_by(stage.c.n.desc()).limit(1).cte(name)


def _said(filters: Filters, sort: str, limit: Any, where: Any, *outer: Any) -> ColumnElement[Any]:
    """Ids of courses with the phrases: of those likely to have them as many are read, from the first, as it takes."""
    candidates = (
        select(*(getattr(Found, name) for name in KEYS[sort]))
        .where(*where, likely(filters), *conditions(filters, Found, but_words=True))
        .order_by(*_ordered(sort, Found))
        .correlate(*outer)
        .subquery("likely")
    )
    matches = select(candidates.c.course_id).where(has_words(filters, candidates.c))
    matches = matches.order_by(*_ordered(sort, candidates.c)).limit(limit)
    return func.array(matches.correlate(*outer).scalar_subquery(), type_=_IDS)


def ids_of(page: CTE) -> Select[int]:
    """The ids of a page, one a row."""
    return select(func.unnest(page.c.found, type_=BigInteger))
