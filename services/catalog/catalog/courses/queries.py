"""Every statement on courses."""

import typing
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal

from chassis.pagination import PageParams, page
from sqlalchemy import (
    ColumnElement,
    Double,
    Row,
    Select,
    Subquery,
    and_,
    case,
    cast,
    func,
    literal_column,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from catalog.courses.models import Course

Sort = Literal["relevance", "newest", "popular", "rating", "price"]
_ENGLISH: ColumnElement[Any] = literal_column("'english'::regconfig")


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


def _conditions(filters: Filters) -> Iterable[ColumnElement[bool] | InstrumentedAttribute[bool]]:
    yield Course.is_published if filters.taught is None else filters.taught
    if filters.q is not None:
        yield Course.search.bool_op("@@")(func.websearch_to_tsquery(_ENGLISH, filters.q))
    if filters.categories is not None:
        yield Course.category_id.in_(filters.categories)
    if filters.level is not None:
        yield Course.level == filters.level
    if filters.min_rating is not None:
        yield Course.avg_rating >= filters.min_rating
    if filters.max_price is not None:
        yield price_at(filters.at) <= filters.max_price
    if filters.free is not None:
        yield (price_at(filters.at) == 0) if filters.free else (price_at(filters.at) > 0)
    if filters.featured is not None:
        yield Course.is_featured.is_(filters.featured)
    if filters.has_certificate is not None:
        yield Course.has_certificate.is_(filters.has_certificate)


def _key(filters: Filters, sort: Sort) -> list[tuple[Any, Literal["asc", "desc"]]]:
    if sort == "relevance" and filters.q is not None:
        rank = func.ts_rank_cd(Course.search, func.websearch_to_tsquery(_ENGLISH, filters.q))
        # As a double: the cursor carries it, and a real would not come back as the number it was.
        return [(cast(rank, Double), "desc"), (Course.id, "desc")]
    if sort == "popular":
        return [(Course.enrolled_students_count, "desc"), (Course.id, "desc")]
    if sort == "rating":
        return [(Course.avg_rating, "desc"), (Course.total_reviews, "desc"), (Course.id, "desc")]
    if sort == "price":
        return [(price_at(filters.at), "asc"), (Course.id, "asc")]
    # A draft was never published; a published course always was.
    newest = Course.first_published_at if filters.taught is None else Course.created_date
    return [(newest, "desc"), (Course.id, "desc")]


CARD = (
    Course.id,
    Course.title,
    Course.slug,
    Course.subtitle,
    Course.category_id,
    Course.thumbnail,
    Course.price,
    Course.discount_price,
    Course.discount_ends,
    Course.level,
    Course.duration_minutes,
    Course.has_certificate,
    Course.is_featured,
    Course.is_published,
    Course.avg_rating,
    Course.total_reviews,
    Course.enrolled_students_count,
    Course.published_date,
    Course.first_published_at,
    Course.completion_percentage,
    Course.created_by_id,
)


async def cards(
    session: AsyncSession, filters: Filters, sort: Sort, params: PageParams, people: Subquery
) -> tuple[Sequence[Row[Any]], str | None]:
    """A page of courses with their authors' names, in one query."""
    statement = (
        select(*CARD, people.c.display_name, people.c.picture_url)
        .outerjoin(people, people.c.user_id == Course.created_by_id)
        .where(*_conditions(filters))
    )
    return await page(session, typing.cast("Select[Any]", statement), params, key=_key(filters, sort))


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
