"""Who may read a course, found out by the statement that reads it.

Who is asking is a parameter, so that every statement is made once; a guest is nobody, and teaches nothing.
"""

import typing
from functools import cache
from typing import TYPE_CHECKING, Any

from chassis.db import now, rows_of
from sqlalchemy import BigInteger, Boolean, Row, Select, String, Subquery, bindparam, false, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from catalog.courses import queries
from catalog.courses.errors import CourseNotFound
from catalog.courses.models import Course
from catalog.enrollment_mirror import service as enrollment_mirror
from catalog.instructor_mirror import service as instructor_mirror
from catalog.outline import service as outlines
from catalog.people import service as people
from catalog.settings import settings_of

if TYPE_CHECKING:
    from chassis.auth import Principal
    from chassis.internal import InternalCalls

CHANGE, VIEW = "catalog.change_course", "catalog.view_course"
"""Permissions of the staff, who edit and see what they do not teach."""

READER = bindparam("reader", type_=BigInteger())
SEES_ALL = bindparam("sees_all", type_=Boolean())
_WANTED = "wanted"


def asking(principal: "Principal | None") -> dict[str, Any]:
    """The parameters that say who is asking."""
    if principal is None:
        return {READER.key: None, SEES_ALL.key: False}
    return {READER.key: principal.user_id, SEES_ALL.key: principal.may(VIEW) or principal.may(CHANGE)}


@cache
def standings() -> Subquery:
    """Every course with how the reader stands to it, for other slices to join: `read_course_id`,
    `reader_sees_all`, `reader_is_enrolled`, and what `check` asks."""
    # Who teaches a course teaches every version of it.
    taught_as = func.coalesce(Course.parent_version_id, Course.id)
    leads = func.coalesce(Course.created_by_id == READER, false())
    return select(
        Course.id.label("read_course_id"),
        Course.is_published.label("course_is_published"),
        Course.first_published_at.label("course_first_published_at"),
        or_(SEES_ALL, leads, instructor_mirror.teaches(READER, taught_as)).label("reader_sees_all"),
        enrollment_mirror.enrolled(READER, Course.id).label("reader_is_enrolled"),
    ).subquery("standing")


async def find(session: AsyncSession, principal: "Principal | None", course_id: int) -> Row[Any] | None:
    """A course, and how the reader stands to it."""
    standing = standings()
    statement = select(Course, *standing.c).join(standing, standing.c.read_course_id == Course.id)
    statement = statement.where(Course.id == course_id).execution_options(populate_existing=True)
    return (await session.execute(statement, asking(principal))).one_or_none()


async def check(calls: "InternalCalls", principal: "Principal | None", standing: Row[Any] | None) -> Row[Any]:
    """The row itself; CourseNotFound where there is no course, or none the reader may know of.

    They may know of it who see all of it, everybody once it is published, and those enrolled when it is no more.
    """
    if standing is None:
        raise CourseNotFound
    if standing.reader_sees_all or standing.course_is_published:
        return standing
    if principal is None or standing.course_first_published_at is None:
        raise CourseNotFound
    if not await is_enrolled(calls, principal, standing):
        raise CourseNotFound
    return standing


async def is_enrolled(calls: "InternalCalls", principal: "Principal", standing: Row[Any]) -> bool:
    """Whether the reader is enrolled; learning is asked before the answer is no."""
    return bool(standing.reader_is_enrolled) or await enrollment_mirror.has_just_enrolled(
        calls, principal.user_id, standing.read_course_id
    )


# --- a course with its outline --------------------------------------------------------------------------------

_DETAILS = (
    Course.description,
    Course.requirements,
    Course.skills,
    Course.learning_objectives,
    Course.target_audience,
    Course.meta_keywords,
    Course.meta_description,
    Course.creation_method,
    Course.completion_status,
    Course.is_draft,
    Course.version,
    Course.parent_version_id,
    Course.view_count,
    Course.last_enrollment_date,
    Course.created_date,
    Course.updated_date,
    Course.state_version,
)


@cache
def _whole(*, by_id: bool) -> Select[Any]:
    directory, standing = people.directory(), standings()
    wanted = (
        Course.id == bindparam(_WANTED, type_=BigInteger())
        if by_id
        else Course.slug == bindparam(_WANTED, type_=String())
    )
    statement: Any = select(
        *queries.members(queries.AT, queries.CURRENCY, directory),
        *_DETAILS,
        *standing.c,
        outlines.as_json(Course.id, standing.c.reader_sees_all).label("modules"),
    )
    statement = statement.join(standing, standing.c.read_course_id == Course.id)
    statement = statement.outerjoin(directory, directory.c.user_id == Course.created_by_id)
    return typing.cast("Select[Any]", statement.where(wanted))


async def read(
    session: AsyncSession, calls: "InternalCalls", principal: "Principal | None", course: int | str
) -> Row[Any]:
    """A course by id or slug as the reader sees it, with its author, its outline as JSON and its price of this instant,
    in one statement. Raises CourseNotFound."""
    prices = {queries.AT.key: now(), queries.CURRENCY.key: settings_of(session).currency}
    given = {_WANTED: course, **prices, **asking(principal)}
    found = await rows_of(session, _whole(by_id=isinstance(course, int)), given)
    return await check(calls, principal, found[0] if found else None)
