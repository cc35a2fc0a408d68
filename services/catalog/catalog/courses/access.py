"""Who may look into a course, edit it, and write one: by its rows, as an instructor in good standing, or as staff."""

from typing import TYPE_CHECKING

from sqlalchemy.ext.asyncio import AsyncSession

from catalog.courses import queries, reading, versions
from catalog.courses.errors import (
    CourseNotFound,
    InstructorNotApproved,
    NoRightToEdit,
    NotYourCourse,
)
from catalog.courses.models import Course
from catalog.instructor_mirror import service as instructor_mirror
from catalog.instructor_mirror.service import Rights

if TYPE_CHECKING:
    from chassis.auth import Principal
    from chassis.internal import InternalCalls

CHANGE, DELETE = reading.CHANGE, "catalog.delete_course"
"""Permissions of the staff, who edit what they do not teach."""


async def rights_of(
    session: AsyncSession, principal: "Principal | None", course: Course, *, staff: str = CHANGE
) -> Rights:
    """What the caller may do in the course by its rows, or as one of the staff by the permission `staff`; editing also
    takes an instructor in good standing."""
    if principal is None:
        return Rights()
    if principal.may(staff) or course.created_by_id == principal.user_id:
        return Rights(teaches=True, may_edit=True)
    return await instructor_mirror.rights_in(session, _taught_as(course), principal.user_id)


async def is_taught_by(session: AsyncSession, course: Course, user_id: int) -> bool:
    """Whether the user leads the course or teaches it with others, by its rows alone."""
    if course.created_by_id == user_id:
        return True
    return (await instructor_mirror.rights_in(session, _taught_as(course), user_id)).teaches


def _taught_as(course: Course) -> int:
    """The id under which its instructors are known: who teaches a course teaches every version of it."""
    return course.parent_version_id or course.id


async def check_may_author(
    session: AsyncSession, calls: "InternalCalls", principal: "Principal", *, staff: str = CHANGE
) -> None:
    """Raise InstructorNotApproved for anyone but active instructors and who of the staff holds that permission."""
    if principal.may(staff) or await instructor_mirror.is_approved(session, calls, principal.user_id):
        return
    raise InstructorNotApproved


async def open_for_editing(
    session: AsyncSession,
    calls: "InternalCalls",
    principal: "Principal",
    course_id: int,
    *,
    staff: str = CHANGE,
) -> Course:
    """The course, its row held until the transaction ends, for someone who may edit it, or who of the staff holds the
    permission `staff`.

    Raises what `check_may_edit` does, and VersionArchived.
    """
    # Decided before the row is held: the decision may ask another service, and editors would queue behind it.
    await check_may_edit(session, calls, principal, course_id, staff=staff)
    held = await queries.lock(session, course_id)
    if held is None:
        raise CourseNotFound
    versions.check_not_archived(held)
    return held


async def open_content(
    session: AsyncSession, calls: "InternalCalls", principal: "Principal", course_id: int
) -> Course:
    """As `open_for_editing`, for what versions differ in. Raises EditedInDraft too."""
    course = await open_for_editing(session, calls, principal, course_id)
    await versions.check_no_draft(session, course)
    return course


async def check_may_edit(
    session: AsyncSession,
    calls: "InternalCalls",
    principal: "Principal",
    course_id: int,
    *,
    staff: str = CHANGE,
) -> None:
    """Raise CourseNotFound, also for a course that is not public and not theirs; NotYourCourse, NoRightToEdit,
    InstructorNotApproved."""
    course = await queries.by_id(session, course_id)
    if course is None:
        raise CourseNotFound
    rights = await rights_of(session, principal, course, staff=staff)
    if not rights.teaches:
        raise NotYourCourse if course.is_published else CourseNotFound
    if not rights.may_edit:
        raise NoRightToEdit
    await check_may_author(session, calls, principal, staff=staff)


async def find_readable(
    session: AsyncSession, calls: "InternalCalls", principal: "Principal | None", course_id: int
) -> tuple[Course, bool]:
    """A course the caller may look into, and whether they see all of it (they teach it) or what learners see.

    Raises CourseNotFound.
    """
    standing = await reading.check(calls, principal, await reading.find(session, principal, course_id))
    return standing[0], standing.reader_sees_all
