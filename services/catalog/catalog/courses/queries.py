"""Every statement on courses."""

import typing
from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any, Literal

from chassis.db import rows_of
from chassis.pagination import ROWS, PageParams, behind_place, cut, page, place_in, sorted_by
from sqlalchemy import (
    Double,
    Row,
    Select,
    Subquery,
    Text,
    cast,
    func,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from catalog.courses import paging
from catalog.courses.filtering import AT as AT
from catalog.courses.filtering import COMPILED, Shape, conditions, price_at, shaped
from catalog.courses.filtering import CURRENCY as CURRENCY
from catalog.courses.filtering import Filters as Filters
from catalog.courses.filtering import led_or_taught_by as led_or_taught_by
from catalog.courses.models import Course, Listing

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


def _told(instant: Any, name: str) -> Any:
    """As chassis.schemas.Instant tells it: without the fraction of a second where there is none."""
    written = func.to_char(func.timezone("UTC", instant), 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
    return func.replace(written, ".000000", "").label(name)


def members(at: datetime, currency: str, people: Subquery) -> tuple[Any, ...]:
    """The members of a CourseCard in its order, as JSON tells them; the price is that of `at`."""
    author: Any = select(
        Course.created_by_id.label("user_id"),
        func.coalesce(people.c.display_name, "").label("display_name"),
        people.c.picture_url,
    )
    return (
        Course.id,
        Course.title,
        Course.slug,
        Course.subtitle,
        Course.category_id,
        Course.thumbnail,
        cast(Course.price, Text).label("price"),
        cast(Course.discount_price, Text).label("discount_price"),
        _told(Course.discount_ends, "discount_ends"),
        cast(price_at(at, Course), Text).label("effective_price"),
        cast(currency, Text).label("currency"),
        Course.level,
        Course.language,
        Course.duration_minutes,
        Course.has_certificate,
        Course.is_featured,
        Course.is_published,
        cast(Course.avg_rating, Double).label("avg_rating"),
        Course.total_reviews,
        Course.enrolled_students_count,
        _told(Course.published_date, "published_date"),
        _told(Course.first_published_at, "first_published_at"),
        Course.completion_percentage,
        Course.created_by_id,
        _as_object(author, people, "author").label("instructor"),
    )


def card(filters: Filters, people: Subquery) -> tuple[Any, ...]:
    """A course's id and its card, a CourseCard that PostgreSQL writes: twenty of them are read, checked and written in
    Python in the time of all else that a list takes."""
    whole: Any = select(*members(filters.at, filters.currency, people))
    return Course.id, cast(_as_object(whole, people, "card"), Text).label("card")


def _as_object(columns: Any, people: Subquery, name: str) -> Any:
    """JSON of columns of the row it is selected with."""
    row = columns.correlate(Course, people).subquery(name)
    return select(func.row_to_json(row.table_valued())).select_from(row).scalar_subquery()


async def cards(
    session: AsyncSession, filters: Filters, sort: Sort, params: PageParams, people: Subquery
) -> tuple[Sequence[Row[Any]], str | None]:
    """A page of courses with their authors' names, in one query. Raises BadCursor."""
    if filters.taught is None:
        return await _published(session, filters, "newest" if sort == "relevance" else sort, params, people)
    key = _key(filters, sort)
    statement = select(*card(filters, people)).outerjoin(people, people.c.user_id == Course.created_by_id)
    statement = statement.where(*conditions(filters, Course)).params(category=filters.category)
    return await page(session, typing.cast("Select[Any]", statement), params, key=key)


async def _published(
    session: AsyncSession, filters: Filters, sort: str, params: PageParams, people: Subquery
) -> tuple[Sequence[Row[Any]], str | None]:
    key = paging.key_of(sort)
    place = place_in(params, key)
    if filters.narrow:
        shape, given = shaped(filters)
        given |= paging.given(filters, sort, "page", tuple(place.values()) or None)
        statement = _narrowed(people, sort, shape, bool(place), (paging.NEAR, paging.NEAR_WITH_WORDS))
    else:
        given = {"at": filters.at, "currency": filters.currency, **place}
        statement = _plain(people, sort, not place)
    found = await rows_of(session, statement, {**given, ROWS.key: params.limit + 1}, options=COMPILED)
    return cut(found, params, key)


# To put a statement together would take longer than to have it answered. Few are kept: each is some 400 kB.
@lru_cache(maxsize=64)
def _plain(people: Subquery, sort: str, is_first: bool) -> Select[Any]:
    """The statement of this order: what most people see first."""
    key = paging.key_of(sort)
    statement: Any = (
        select(*card(Filters(at=AT, currency=CURRENCY), people), *(column for column, _ in key))
        .join_from(Listing, Course, Course.id == Listing.course_id)
        .outerjoin(people, people.c.user_id == Course.created_by_id)
        .where(Listing.is_published)
    )
    if not is_first:
        statement = statement.where(behind_place(key))
    return typing.cast("Select[Any]", statement.order_by(*sorted_by(key)).limit(ROWS))


@lru_cache(maxsize=64)
def _narrowed(people: Subquery, sort: str, shape: Shape, behind: bool, _near: tuple[int, int]) -> Select[Any]:
    """The statement of filters of this shape, in this order."""
    filters, key = shape.filters, paging.key_of(sort)
    found = paging.page_of(filters, sort, ROWS, behind=behind)
    statement: Any = (
        select(*card(filters, people), *(column for column, _ in key))
        .join_from(Listing, Course, Course.id == Listing.course_id)
        .outerjoin(people, people.c.user_id == Course.created_by_id)
        .where(Listing.course_id.in_(paging.ids_of(found)))
    )
    return typing.cast("Select[Any]", statement.order_by(*sorted_by(key)).limit(ROWS))


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
