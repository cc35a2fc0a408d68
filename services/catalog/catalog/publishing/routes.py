"""Publish and unpublish; and what other services ask of a course."""

from typing import Annotated, Any

from chassis.db import now
from chassis.schemas import Identifier
from chassis.web import Calls, CurrentUser, IfMatch, Router, ServiceCaller, Session, etag, require_match
from fastapi import Path, Response

from catalog.courses.schemas import CourseOut
from catalog.files.dependencies import Transactions
from catalog.publishing import deletion, service
from catalog.publishing.schemas import OfferOut

router = Router(prefix="/api/v1", tags=["courses"])
internal_router = Router(prefix="/internal", tags=["internal"], include_in_schema=False)
CourseId = Annotated[Identifier, Path()]


@router.post("/courses/{course_id}/publish")
async def publish_course(
    course_id: CourseId,
    session: Session,
    calls: Calls,
    user: CurrentUser,
    response: Response,
    if_match: IfMatch = None,
) -> CourseOut:
    """Publish the course as it is now; 422 lists what is missing. Published and unchanged, it stays as it is.

    A draft version is put in the course's place, and the course is answered: lessons that were in it before keep their
    ids.
    """
    view = await service.publish(
        session,
        calls,
        user,
        course_id,
        lambda course: require_match(if_match, etag(course.state_version)),
    )
    response.headers["ETag"] = etag(view.course.state_version)
    return CourseOut.of_view(view)


@router.post("/courses/{course_id}/unpublish")
async def unpublish_course(
    course_id: CourseId, session: Session, calls: Calls, user: CurrentUser, response: Response
) -> CourseOut:
    """Take the course off the catalogue; those enrolled keep their access."""
    view = await service.unpublish(session, calls, user, course_id)
    response.headers["ETag"] = etag(view.course.state_version)
    return CourseOut.of_view(view)


@router.delete("/courses/{course_id}", status_code=204)
async def delete_course(
    course_id: CourseId, session: Session, calls: Calls, user: CurrentUser, database: Transactions
) -> None:
    """Delete a course nobody ever enrolled in; 409 for any other, which can be unpublished. A draft version is
    discarded."""
    await deletion.delete(database, session, calls, user, course_id)


@internal_router.get("/courses/{course_id}/offer")
async def get_offer(course_id: CourseId, session: Session, _caller: ServiceCaller) -> OfferOut:
    """What enrolling would cost now, published or not."""
    return OfferOut.model_validate(await service.offer(session, course_id, now()))


@internal_router.get("/courses/{course_id}/outline")
async def get_published_outline(
    course_id: CourseId, session: Session, _caller: ServiceCaller
) -> dict[str, Any]:
    """The data of the latest CoursePublished; 404 for a course never published."""
    return await service.last_told_outline(session, course_id)
