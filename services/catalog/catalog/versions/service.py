"""Begin a draft of a published course, list its versions, go back to one."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from chassis.pagination import PageParams
from sqlalchemy.ext.asyncio import AsyncSession

from catalog.courses import rules, versions
from catalog.courses import service as courses
from catalog.courses.errors import IsAVersion, NotYourCourse
from catalog.publishing import service as publishing
from catalog.versions.errors import NoDraftNeeded, VersionNotFound

if TYPE_CHECKING:
    from chassis.auth import Principal
    from chassis.internal import InternalCalls

    from catalog.courses.models import Course


async def begin_draft(
    session: AsyncSession,
    calls: "InternalCalls",
    principal: "Principal",
    course_id: int,
    bump: rules.Bump,
    unchanged: "Callable[[Course], None]",
) -> courses.View:
    """A draft version with all that a published course has now, to be edited under its own ids.

    Raises EditedInDraft where there is one, NoDraftNeeded for a course that is not published, IsAVersion, and what
    `courses.open_for_editing` does.
    """
    course = await courses.open_for_editing(session, calls, principal, course_id)
    _check_is_course(course)
    unchanged(course)
    await versions.check_no_draft(session, course)
    if not course.is_published:
        raise NoDraftNeeded
    draft = await versions.add_draft(session, course, rules.next_version(course.version, bump))
    await courses.record_change(session, draft)
    return await courses.view(session, draft)


async def list_versions(
    session: AsyncSession,
    calls: "InternalCalls",
    principal: "Principal",
    course_id: int,
    params: PageParams,
) -> "tuple[Sequence[Course], str | None]":
    """A page of a course's versions, the newest first, for those who teach it. Raises CourseNotFound, NotYourCourse,
    IsAVersion."""
    course, everything = await courses.find_readable(session, calls, principal, course_id)
    if not everything:
        raise NotYourCourse
    _check_is_course(course)
    archive_id = await publishing.archive_of_current(session, course_id)
    return await versions.list_versions(session, course, params, archive_id=archive_id)


async def restore(
    session: AsyncSession,
    calls: "InternalCalls",
    principal: "Principal",
    course_id: int,
    version_id: int,
    unchanged: "Callable[[Course], None]",
) -> courses.View:
    """Make an archived version the course's newest. The course's own id stands for what was published last, and undoes
    what was edited since.

    Raises VersionNotFound, EditedInDraft, IsAVersion, and what `publishing.restore` and `courses.open_for_editing` do.
    """
    course = await courses.open_for_editing(session, calls, principal, course_id, staff=publishing.PUBLISH)
    _check_is_course(course)
    unchanged(course)
    await versions.check_no_draft(session, course)
    if version_id == course_id:
        current_id = await publishing.archive_of_current(session, course_id)
        if current_id is None:
            raise VersionNotFound
        version_id = current_id
    version = await versions.find_archived(session, course_id, version_id)
    if version is None:
        raise VersionNotFound
    return await publishing.restore(session, principal, course, version)


def _check_is_course(course: "Course") -> None:
    if course.parent_version_id is not None:
        raise IsAVersion(course_id=course.parent_version_id)
