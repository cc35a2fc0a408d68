"""Versions of a course, for those who teach it."""

from typing import Annotated

from chassis.pagination import Page, PageParams
from chassis.schemas import Identifier
from chassis.web import Calls, CurrentUser, IfMatch, Router, Session, etag, require_match
from fastapi import Body, Path, Query, Response

from catalog.courses.schemas import CourseOut
from catalog.versions import service
from catalog.versions.schemas import VersionIn, VersionOut

router = Router(prefix="/api/v1", tags=["versions"])
CourseId = Annotated[Identifier, Path()]


@router.post("/courses/{course_id}/versions", status_code=201)
async def begin_draft(
    course_id: CourseId,
    session: Session,
    calls: Calls,
    user: CurrentUser,
    response: Response,
    body: Annotated[VersionIn | None, Body()] = None,
    if_match: IfMatch = None,
) -> CourseOut:
    """A draft of a published course: edited and published under its own id and those of its modules and lessons, while
    the course stays as it is."""
    view = await service.begin_draft(
        session,
        calls,
        user,
        course_id,
        (body or VersionIn()).bump,
        lambda course: require_match(if_match, etag(course.state_version)),
    )
    response.headers["ETag"] = etag(view.course.state_version)
    return CourseOut.of_view(view)


@router.get("/courses/{course_id}/versions")
async def list_versions(
    course_id: CourseId,
    session: Session,
    calls: Calls,
    user: CurrentUser,
    params: Annotated[PageParams, Query()],
) -> Page[VersionOut]:
    """The course's history, the newest version first; each is read by its id, as a course is."""
    rows, next_cursor = await service.list_versions(session, calls, user, course_id, params)
    return Page(items=[VersionOut.of(row) for row in rows], next_cursor=next_cursor)


@router.post("/courses/{course_id}/versions/{version_id}/restore")
async def restore_version(
    course_id: CourseId,
    version_id: Annotated[Identifier, Path()],
    session: Session,
    calls: Calls,
    user: CurrentUser,
    response: Response,
    if_match: IfMatch = None,
) -> CourseOut:
    """Publish what an archived version holds as the newest one; lessons come back under the ids they had.

    The course's own id as `version_id` undoes what was edited since it was published last. What was never published
    is kept as a version. A course off the catalogue gets its content back and stays off it.
    """
    view = await service.restore(
        session,
        calls,
        user,
        course_id,
        version_id,
        lambda course: require_match(if_match, etag(course.state_version)),
    )
    response.headers["ETag"] = etag(view.course.state_version)
    return CourseOut.of_view(view)
