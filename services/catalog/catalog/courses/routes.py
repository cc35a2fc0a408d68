"""Courses: found by everyone, authored by instructors."""

from typing import Annotated

from chassis.errors import Unauthenticated
from chassis.schemas import Identifier
from chassis.web import (
    Calls,
    CurrentUser,
    IfMatch,
    OptionalUser,
    Reading,
    Router,
    Session,
    asked,
    etag,
    require_match,
    told,
)
from fastapi import Path, Response

from catalog.courses import reading, service
from catalog.courses.schemas import (
    CourseIn,
    CourseListParams,
    CourseOut,
    CoursePage,
    CoursePatch,
    course_as_told,
    page_as_told,
)
from catalog.fields import QueryText

router = Router(prefix="/api/v1", tags=["courses"])
CourseId = Annotated[Identifier, Path()]
VIEW = "X-Lyceum-View"
"""Marks an answer as a view to be counted; the gateway does that, and lets no client see the mark."""
IdOrSlug = Annotated[QueryText, Path(description="The id or the slug.")]


def answer(view: service.View, response: Response) -> CourseOut:
    response.headers["ETag"] = etag(view.course.state_version)
    return CourseOut.of_view(view)


@router.get("/courses", response_model=CoursePage)
async def list_courses(
    session: Reading, user: OptionalUser, params: Annotated[CourseListParams, asked(CourseListParams)]
) -> Response:
    """Published courses, searched, filtered and sorted; `teaching=me` is what the caller teaches, drafts too."""
    if params.teaching is not None and user is None:
        raise Unauthenticated
    found = await service.list_courses(
        session,
        params,
        taught_by=user.user_id if user is not None and params.teaching else None,
        sort=params.sort,
        with_facets=params.facets,
        **params.model_dump(exclude={"limit", "cursor", "sort", "teaching", "facets"}),
    )
    return told(page_as_told(found))


@router.post("/courses", status_code=201)
async def create_course(
    body: CourseIn, session: Session, calls: Calls, user: CurrentUser, response: Response
) -> CourseOut:
    """Begin a course: a draft that only those who teach it see. Approved instructors and admins may."""
    return answer(await service.create(session, calls, user, body.model_dump()), response)


@router.get("/courses/{course_id}", response_model=CourseOut)
async def get_course(course_id: IdOrSlug, session: Reading, calls: Calls, user: OptionalUser) -> Response:
    """A course with its outline: what learners see of it, or all of it for those who teach it."""
    wanted = int(course_id) if service.is_id(course_id) else course_id
    found = await reading.read(session, calls, user, wanted)
    told_course = told(course_as_told(found), ETag=etag(found.state_version))
    # Who sees more of it than learners do is at work in it.
    if not found.reader_sees_all and found.parent_version_id is None:
        told_course.headers[VIEW] = str(found.id)
    return told_course


@router.patch("/courses/{course_id}")
async def edit_course(
    course_id: CourseId,
    body: CoursePatch,
    session: Session,
    calls: Calls,
    user: CurrentUser,
    response: Response,
    if_match: IfMatch = None,
) -> CourseOut:
    view = await service.edit(
        session,
        calls,
        user,
        course_id,
        body.model_dump(exclude_unset=True),
        lambda course: require_match(if_match, etag(course.state_version)),
    )
    return answer(view, response)
