"""Delete a course nobody ever enrolled in, whoever may be about to.

Learning enrolls by catalog's offer of the instant and tells of it later, so that the mirror alone cannot know. The
course is first taken off the catalogue, so that no offer is made any more; then learning says whether anybody ever
enrolled, waits for those who are about to, and takes nobody by an older offer; only then the course goes. No
transaction is open while learning is asked. If somebody did enroll, or learning does not answer, the course is put back
as it was published. A process that dies in between leaves it off the catalogue, to be published or deleted again.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chassis.db import Database
from chassis.errors import NotFound, Unavailable
from sqlalchemy.ext.asyncio import AsyncSession

from catalog.courses import service as courses
from catalog.courses import versions
from catalog.courses.errors import ChangedMeanwhile, CourseHasStudents, CourseNotFound
from catalog.publishing import queries, service
from catalog.reviews import service as reviews

if TYPE_CHECKING:
    from chassis.auth import Principal
    from chassis.internal import InternalCalls

    from catalog.courses.models import Course


@dataclass(frozen=True, slots=True)
class Closed:
    """A course that is off the catalogue, as it was left; `reopens` when it was on it before."""

    course_id: int
    created_by_id: int
    state_version: int
    reopens: bool
    was_unchanged: bool


async def delete(
    database: Database,
    session: AsyncSession,
    calls: "InternalCalls",
    principal: "Principal",
    course_id: int,
) -> None:
    """Remove a course nobody ever enrolled in, its reviews told one by one; or discard a draft version.

    Raises OnlyTheLeadDeletes, CourseHasStudents, ChangedMeanwhile, Unavailable when learning does not say whether it
    has students, and what `courses.open_for_editing` does.
    """
    async with database.transaction() as closing:
        if await versions.parent_of(closing, course_id) is not None:
            draft = await courses.open_for_editing(closing, calls, principal, course_id, staff=courses.DELETE)
            await versions.discard(closing, draft)
            return
        course = await courses.open_for_deletion(closing, calls, principal, course_id)
        closed = await _close(closing, course)
    if closed is not None:
        await _check_nobody_enrolled(database, calls, closed)
    course = await courses.open_for_deletion(session, calls, principal, course_id)
    if course.state_version != (closed.state_version if closed else course.state_version):
        raise ChangedMeanwhile
    if closed is None and course.first_published_at is not None:
        raise ChangedMeanwhile
    await reviews.remove_of_course(session, course_id)
    await courses.delete(session, course)


async def _close(session: AsyncSession, course: "Course") -> Closed | None:
    """Take the course off the catalogue; None for one that never was on it, which nobody can have enrolled in."""
    if course.first_published_at is None:
        return None
    last = await queries.publication(session, course.id)
    was_unchanged = last is not None and last.course_state_version == course.state_version
    reopens = course.is_published
    if reopens:
        await service.take_off(session, course)
    return Closed(course.id, course.created_by_id, course.state_version, reopens, was_unchanged)


async def _check_nobody_enrolled(database: Database, calls: "InternalCalls", closed: Closed) -> None:
    """Raise CourseHasStudents, or Unavailable when learning does not say; the course is then back as it was."""
    path = f"/internal/courses/{closed.course_id}/closing"
    given = {"version": closed.state_version, "created_by_id": closed.created_by_id}
    has_students = True
    try:
        answer = await calls.post("learning", path, json=given, idempotent=True)
        has_students = answer["enrolled"] is not False
    except NotFound as error:
        # An older learning, while a new release is rolled out.
        raise Unavailable("Whether anybody enrolled cannot be known just now.") from error
    finally:
        if has_students and closed.reopens:
            await _reopen(database, closed)
    if has_students:
        raise CourseHasStudents


async def _reopen(database: Database, closed: Closed) -> None:
    """Put the course back on the catalogue, as it was published; unless somebody changed it meanwhile."""
    async with database.transaction() as session:
        await courses.hold_counters(session, [closed.course_id])
        try:
            course = await courses.find_any(session, closed.course_id)
        except CourseNotFound:
            return
        if course.state_version == closed.state_version:
            await service.put_back(session, course, unchanged=closed.was_unchanged)
