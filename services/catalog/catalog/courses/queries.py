"""Every statement on courses."""

import typing
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any, Literal

from chassis.pagination import Key, PageParams, behind, behind_place, cut, page, place_in, sorted_by
from sqlalchemy import (
    CTE,
    ColumnElement,
    DateTime,
    Double,
    Integer,
    Numeric,
    Row,
    Select,
    String,
    Subquery,
    Text,
    and_,
    bindparam,
    case,
    cast,
    func,
    literal_column,
    not_,
    or_,
    select,
    true,
    union_all,
    update,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from catalog.courses import search_rules
from catalog.courses.languages import configuration_of
from catalog.courses.models import Course

Sort = Literal["relevance", "newest", "popular", "rating", "price"]


async def by_id(session: AsyncSession, course_id: int) -> Course | None:
    return await session.get(Course, course_id, populate_existing=True)


async def by_slug(session: AsyncSession, slug: str) -> Course | None:
    return await session.scalar(select(Course).where(Course.slug == slug))


async def lock(session: AsyncSession, course_id: int) -> Course | None:
    return await session.get(Course, course_id, populate_existing=True, with_for_update=True)


async def slugs_taken(session: AsyncSession, slugs: Sequence[str]) -> set[str]:
    return set(await session.scalars(select(Course.slug).where(Course.slug.in_(slugs))))


async def add(session: AsyncSession, slugs: Iterable[str], values: dict[str, Any]) -> Course:
    """Insert a course under the first of these slugs that nobody has, or is just taking."""
    for slug in slugs:
        statement = insert(Course).values(**values, slug=slug)
        statement = statement.on_conflict_do_nothing(index_elements=[Course.slug])
        course_id = await session.scalar(statement.returning(Course.id))
        if course_id is not None:
            course = await by_id(session, course_id)
            assert course is not None
            return course
    raise AssertionError("unreachable: there is no end of slugs")


async def remove(session: AsyncSession, course: Course) -> None:
    await session.delete(course)
    await session.flush()


# --- the counters -------------------------------------------------------------------------------------------


async def lock_many(session: AsyncSession, course_ids: Iterable[int]) -> list[int]:
    """Those of the courses that exist, locked, in one order whoever asks."""
    statement = select(Course.id).where(Course.id.in_(list(course_ids))).order_by(Course.id)
    # Nothing here changes an id, so rows that refer to these need not wait.
    return list(await session.scalars(statement.with_for_update(key_share=True)))


async def set_students(
    session: AsyncSession, course_id: int, students: int, last_enrolled: datetime | None
) -> None:
    await session.execute(
        update(Course)
        .where(Course.id == course_id)
        # updated_date is the authors'.
        .values(
            enrolled_students_count=students,
            last_enrollment_date=last_enrolled,
            updated_date=Course.updated_date,
        )
        .execution_options(synchronize_session=False)
    )


async def set_rating(session: AsyncSession, course_id: int, average: Decimal, reviews: int) -> None:
    await session.execute(
        update(Course)
        .where(Course.id == course_id)
        .values(avg_rating=average, total_reviews=reviews, updated_date=Course.updated_date)
        .execution_options(synchronize_session=False)
    )


async def settle_prices(session: AsyncSession, at: datetime, most: int) -> int:
    """Sort courses whose discount has ended by their price again: so many at most, none that is just edited."""
    ended = (
        select(Course.id)
        .where(Course.price_now < Course.price, Course.discount_ends <= at)
        .order_by(Course.discount_ends)
        .limit(most)
        .with_for_update(key_share=True, skip_locked=True)
    )
    settled = await session.scalars(
        update(Course)
        .where(Course.id.in_(ended))
        .values(price_now=Course.price, updated_date=Course.updated_date)
        .returning(Course.id)
        .execution_options(synchronize_session=False)
    )
    return len(settled.all())


async def set_preview(
    session: AsyncSession, course_id: int, token: str | None, expires_at: datetime | None
) -> None:
    await session.execute(
        update(Course)
        .where(Course.id == course_id)
        .values(preview_token=token, preview_expiry=expires_at, updated_date=Course.updated_date)
        .execution_options(synchronize_session=False)
    )


async def by_preview(session: AsyncSession, token: str, at: datetime) -> Course | None:
    return await session.scalar(
        select(Course).where(Course.preview_token == token, Course.preview_expiry > at)
    )


async def led_by(session: AsyncSession, user_id: int) -> Sequence[Course]:
    """All courses of a lead, locked."""
    statement = select(Course).where(Course.created_by_id == user_id).order_by(Course.id)
    return (await session.scalars(statement.with_for_update())).all()


# --- the list -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Filters:
    """What a list of courses is narrowed to; None narrows nothing. `at` is the instant prices are of."""

    at: datetime
    taught: ColumnElement[bool] | None = None
    q: str | None = None
    categories: Select[int] | None = None
    level: str | None = None
    min_rating: Decimal | None = None
    max_price: Decimal | None = None
    free: bool | None = None
    featured: bool | None = None
    has_certificate: bool | None = None
    language: str | None = None
    searched_as: str = "en"
    """The language `q` is in."""


def led_or_taught_by(user_id: int, taught: Select[int]) -> ColumnElement[bool]:
    """Courses themselves; their versions are found by way of them."""
    mine = or_(Course.created_by_id == user_id, Course.id.in_(taught))
    return and_(mine, Course.parent_version_id.is_(None))


def price_at(at: datetime) -> ColumnElement[Decimal]:
    """`rules.effective_price` in SQL."""
    in_force = and_(
        Course.discount_price.is_not(None), or_(Course.discount_ends.is_(None), Course.discount_ends > at)
    )
    return case((in_force, Course.discount_price), else_=Course.price)


def tsquery(filters: Filters) -> ColumnElement[Any]:
    """`q` as its language reads it, or word by word; without what either way is excluded."""
    assert filters.q is not None, "asked only where something is looked for"
    wanted = search_rules.parse(filters.q)
    names = dict.fromkeys((configuration_of(filters.searched_as), "simple"))
    # As constants: cast at run time, they would have the query parsed again for every row it is held against.
    read_as: list[ColumnElement[Any]] = [literal_column(f"'{name}'::regconfig") for name in names]
    found: ColumnElement[Any] = func.websearch_to_tsquery(read_as[0], wanted.text)
    for configuration in read_as[1:]:
        found = found.op("||")(func.websearch_to_tsquery(configuration, wanted.text))
    for term in wanted.excluded:
        for configuration in read_as:
            found = found.op("&&")(func.tsquery_not(func.phraseto_tsquery(configuration, term)))
    return found


def conditions(
    filters: Filters, *, but_category: bool = False
) -> Iterable[ColumnElement[bool] | InstrumentedAttribute[bool]]:
    yield Course.is_published if filters.taught is None else filters.taught
    if filters.q is not None:
        yield Course.search.bool_op("@@")(tsquery(filters))
    if filters.categories is not None and not but_category:
        yield Course.category_id.in_(filters.categories)
    if filters.level is not None:
        yield Course.level == filters.level
    if filters.language is not None:
        yield Course.language == filters.language
    if filters.min_rating is not None:
        yield Course.avg_rating >= filters.min_rating
    yield from _price_conditions(filters)
    if filters.featured is not None:
        yield Course.is_featured.is_(filters.featured)
    if filters.has_certificate is not None:
        yield Course.has_certificate.is_(filters.has_certificate)


def _price_conditions(filters: Filters) -> Iterable[ColumnElement[bool]]:
    """By the clock; `price_now`, never above that, only leads to the rows by its index."""
    price = price_at(filters.at)
    if filters.max_price is not None:
        yield and_(Course.price_now <= filters.max_price, price <= filters.max_price)
    if filters.free is not None:
        yield and_(Course.price_now == 0, price == 0) if filters.free else price > 0


def _key(filters: Filters, sort: Sort) -> list[tuple[Any, Literal["asc", "desc"]]]:
    if sort == "popular":
        return [(Course.enrolled_students_count, "desc"), (Course.id, "desc")]
    if sort == "rating":
        return [(Course.avg_rating, "desc"), (Course.total_reviews, "desc"), (Course.id, "desc")]
    if sort == "price":
        return [(Course.price_now, "asc"), (Course.id, "asc")]
    # A draft was never published; a published course always was.
    newest = Course.first_published_at if filters.taught is None else Course.created_date
    return [(newest, "desc"), (Course.id, "desc")]


_PLAIN = (
    Course.id,
    Course.title,
    Course.slug,
    Course.subtitle,
    Course.category_id,
    Course.thumbnail,
    Course.discount_ends,
    Course.level,
    Course.language,
    Course.duration_minutes,
    Course.has_certificate,
    Course.is_featured,
    Course.is_published,
    Course.total_reviews,
    Course.enrolled_students_count,
    Course.published_date,
    Course.first_published_at,
    Course.completion_percentage,
    Course.created_by_id,
)


AT: Any = bindparam("at", type_=DateTime(timezone=True))
"""The instant prices are of, as a parameter."""


def card(at: datetime, people: Subquery) -> tuple[Any, ...]:
    """What a card shows, ready to be written as JSON: money as text, the rating a double. The price is that of `at`."""
    return (
        *_PLAIN,
        cast(Course.price, Text).label("price"),
        cast(Course.discount_price, Text).label("discount_price"),
        cast(price_at(at), Text).label("effective_price"),
        cast(Course.avg_rating, Double).label("avg_rating"),
        func.coalesce(people.c.display_name, "").label("display_name"),
        people.c.picture_url,
    )


async def cards(
    session: AsyncSession, filters: Filters, sort: Sort, params: PageParams, people: Subquery
) -> tuple[Sequence[Row[Any]], str | None]:
    """A page of courses with their authors' names, in one query. Raises BadCursor."""
    if filters.q is None and filters.categories is None and filters.taught is None:
        return await _plain_cards(session, filters, sort, params, people)
    key = _key(filters, sort)
    statement = select(*card(filters.at, people)).outerjoin(people, people.c.user_id == Course.created_by_id)
    if filters.q is not None:
        statement = statement.where(Course.id.in_(_of_matches(filters, params, key)))
    elif filters.categories is not None and filters.taught is None:
        statement = statement.where(Course.id.in_(_of_each_category(filters, params, key)))
    else:
        statement = statement.where(*conditions(filters))
    return await page(session, typing.cast("Select[Any]", statement), params, key=key)


_TOLD: dict[str, Any] = {
    "level": String(),
    "language": String(),
    "min_rating": Numeric(3, 2),
    "max_price": Numeric(12, 2),
}
"""Filters that are parameters of a statement; the others say which statement it is."""
_CHOSEN = ("free", "featured", "has_certificate")


async def _plain_cards(
    session: AsyncSession, filters: Filters, sort: Sort, params: PageParams, people: Subquery
) -> tuple[Sequence[Row[Any]], str | None]:
    """What most people see first: to put the statement together would take longer than to have it answered."""
    told = tuple(name for name in _TOLD if getattr(filters, name) is not None)
    chosen = tuple(getattr(filters, name) for name in _CHOSEN)
    statement, key = _plain(people, sort, told, chosen, params.cursor is None)
    given = {name: getattr(filters, name) for name in told}
    given |= {"at": filters.at, "rows": params.limit + 1, **place_in(params, key)}
    connection = await session.connection()
    return cut((await connection.execute(statement, given)).all(), params, key)


@lru_cache(maxsize=512)
def _plain(
    people: Subquery, sort: Sort, told: tuple[str, ...], chosen: tuple[bool | None, ...], is_first: bool
) -> tuple[Select[Any], Key]:
    """The statement of these filters and this order, and the order's columns."""
    narrowed: dict[str, Any] = {name: bindparam(name, type_=_TOLD[name]) for name in told}
    narrowed |= zip(_CHOSEN, chosen, strict=True)
    filters = Filters(at=AT, **narrowed)
    key = _key(filters, sort)
    statement: Any = select(*card(AT, people), *(column for column, _ in key)).where(*conditions(filters))
    statement = statement.outerjoin(people, people.c.user_id == Course.created_by_id)
    if not is_first:
        statement = statement.where(behind_place(key))
    return statement.order_by(*sorted_by(key)).limit(bindparam("rows", type_=Integer())), key


FEW = 3000
"""Fewer matches than these are read all; of more, a walk down the order soon meets enough."""


def apart(statement: Any, name: str) -> CTE:
    """Done once and by itself: merged into what is around it, it would be planned as a walk over every course."""
    made: CTE = statement.cte(name).prefix_with("MATERIALIZED")
    return made


def count_of(part: CTE) -> ColumnElement[int]:
    return select(func.count()).select_from(part).scalar_subquery()


def _of_matches(filters: Filters, params: PageParams, key: Key) -> Select[int]:
    """The page of what is looked for. How many matches there are, the planner cannot know and guesses wrong: a walk
    for a rare word is one over all courses. So it is counted, up to where a walk is short."""
    matches = list(conditions(filters))
    found = apart(select(Course.id).where(*matches).limit(FEW), "found")
    few = count_of(found) < FEW
    place = behind(params, key)
    order = [column.asc() if direction == "asc" else column.desc() for column, direction in key]

    def page_of(*wanted: Any) -> Select[int]:
        statement = (
            select(Course.id).where(*wanted) if place is None else select(Course.id).where(*wanted, place)
        )
        return statement.order_by(*order).limit(params.limit + 1)

    read = page_of(few, Course.id.in_(select(found.c.id))).subquery("read")
    walked = page_of(not_(few), *matches).subquery("walked")
    either = union_all(select(read.c.id), select(walked.c.id)).subquery("either")
    return select(either.c.id)


def _of_each_category(filters: Filters, params: PageParams, key: Key) -> Select[int]:
    """The page each category of the subtree would have alone: among these are those of the page of all.

    Each is a few steps down an index; filtered out of the whole catalogue, a small category's would be far apart.
    """
    assert filters.categories is not None
    tree = filters.categories.subquery("tree")
    own = select(Course.id).where(*conditions(filters, but_category=True), Course.category_id == tree.c.id)
    place = behind(params, key)
    if place is not None:
        own = own.where(place)
    order = [column.asc() if direction == "asc" else column.desc() for column, direction in key]
    each = own.order_by(*order).limit(params.limit + 1).lateral("each")
    return select(each.c.id).select_from(tree.join(each, true()))


async def with_author(
    session: AsyncSession, course: int | str, people: Subquery
) -> tuple[Course, str | None, str | None] | None:
    """A course by id or slug, and its author's name and picture, in one query."""
    statement = (
        select(Course, people.c.display_name, people.c.picture_url)
        .outerjoin(people, people.c.user_id == Course.created_by_id)
        .where(Course.id == course if isinstance(course, int) else Course.slug == course)
        .execution_options(populate_existing=True)
    )
    row = (await session.execute(statement)).one_or_none()
    return None if row is None else (row[0], row[1], row[2])
