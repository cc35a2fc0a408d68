"""Show a course's students to those who may manage them."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chassis.errors import Forbidden
from chassis.pagination import PageParams
from sqlalchemy.ext.asyncio import AsyncSession

from learning.course_mirror import service as course_mirror
from learning.course_mirror.errors import CourseNotFound
from learning.enrollments import service as enrollments
from learning.people import service as people
from learning.teaching import service as teaching

if TYPE_CHECKING:
    from chassis.auth import Principal
    from chassis.internal import InternalCalls

    from learning.enrollments.models import Enrollment
    from learning.people.models import MirrorUser


@dataclass(frozen=True, slots=True)
class Student:
    """An enrollment, and who it is; None for a person who was erased, or whose name has not come yet."""

    enrollment: "Enrollment"
    person: "MirrorUser | None"


async def list_students(
    session: AsyncSession,
    calls: "InternalCalls",
    principal: "Principal",
    course_id: int,
    status: str | None,
    params: PageParams,
) -> tuple[list[Student], str | None]:
    """A course's students, the latest first. Raises CourseNotFound, or Forbidden to those who do not teach it."""
    await _require_teacher(session, calls, principal, course_id)
    rows, next_cursor = await enrollments.list_of_course(session, course_id, status, params)
    known = await people.users_by_id(session, [row.user_id for row in rows])
    return [Student(row, known.get(row.user_id)) for row in rows], next_cursor


async def _require_teacher(
    session: AsyncSession, calls: "InternalCalls", principal: "Principal", course_id: int
) -> None:
    course = await course_mirror.find_course(session, course_id)
    if course is None:
        course = await course_mirror.require_course(session, calls, course_id)
    if principal.may("learning.view_student"):
        return
    may = await teaching.may_see_students(
        session,
        calls,
        course_id=course_id,
        created_by_id=course.created_by_id,
        user_id=principal.user_id,
    )
    if may:
        return
    # A draft is nobody's business but its teachers'.
    if not course.was_published:
        raise CourseNotFound
    raise Forbidden("Only those who teach the course may see its students.")
