"""Every statement on the rows of a course's versions."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from chassis.pagination import PageParams, page
from sqlalchemy import delete, func, insert, literal, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from catalog.courses.models import Course
from catalog.courses.rules import LIVE, VERSIONED

_COPIED = (
    *VERSIONED,
    *LIVE,
    "creation_method",
    "completion_status",
    "completion_percentage",
    "created_by_id",
)


async def parent_of(session: AsyncSession, course_id: int) -> int | None:
    return await session.scalar(select(Course.parent_version_id).where(Course.id == course_id))


async def draft_of(session: AsyncSession, course_id: int) -> int | None:
    """The id of the draft version in which the course is being edited."""
    return await session.scalar(
        select(Course.id).where(Course.parent_version_id == course_id, Course.is_draft)
    )


async def add(session: AsyncSession, course_id: int, values: Mapping[str, Any]) -> int:
    """A new row with what the course has now, and these values; its id."""
    columns = [getattr(Course, name) for name in _COPIED]
    source = select(*columns, *(literal(value) for value in values.values())).where(Course.id == course_id)
    statement = insert(Course).from_select([*_COPIED, *values], source).returning(Course.id)
    return int((await session.execute(statement)).scalar_one())


async def page_of(
    session: AsyncSession, course_id: int, params: PageParams, *, but: int | None
) -> tuple[Sequence[Course], str | None]:
    """The course and its versions, `but` one of them, the newest version first."""
    statement = select(Course).where(or_(Course.id == course_id, Course.parent_version_id == course_id))
    if but is not None:
        statement = statement.where(Course.id != but)
    return await page(session, statement, params, key=[(Course.version, "desc"), (Course.id, "desc")])


async def keep_in_step(session: AsyncSession, course: Course) -> None:
    """Have every version's row say what the course's says of what is never versioned."""
    await session.execute(
        update(Course)
        .where(Course.parent_version_id == course.id)
        .values({**{name: getattr(course, name) for name in LIVE}, "updated_date": Course.updated_date})
        .execution_options(synchronize_session=False)
    )


async def remove_of(session: AsyncSession, course_id: int) -> None:
    await session.execute(
        delete(Course)
        .where(Course.parent_version_id == course_id)
        .execution_options(synchronize_session=False)
    )


async def replace_publisher(session: AsyncSession, user_id: int, tombstone_id: int) -> None:
    await session.execute(
        update(Course)
        .where(Course.published_by_id == user_id)
        .values(published_by_id=tombstone_id, updated_date=Course.updated_date)
        .execution_options(synchronize_session=False)
    )


async def originals_of(session: AsyncSession, course_ids: Collection[int]) -> set[int]:
    """The courses that these are, or are versions of."""
    original = func.coalesce(Course.parent_version_id, Course.id)
    return set(await session.scalars(select(original).where(Course.id.in_(course_ids))))


async def count_edit(session: AsyncSession, course_ids: Collection[int]) -> None:
    await session.execute(
        update(Course)
        .where(Course.id.in_(course_ids))
        .values(state_version=Course.state_version + 1, updated_date=Course.updated_date)
        .execution_options(synchronize_session=False)
    )
