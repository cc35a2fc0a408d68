"""Enrollments over HTTP."""

from typing import Annotated

from chassis.pagination import Page
from chassis.schemas import Identifier
from chassis.web import Calls, CurrentUser, Router, ServiceCaller, Session
from fastapi import Path, Query, Response, status

from learning.enrollments import service
from learning.enrollments.errors import EnrollmentNotFound
from learning.enrollments.schemas import (
    Closed,
    Closing,
    EnrollmentIn,
    EnrollmentList,
    EnrollmentOut,
    EnrollmentQuestion,
    EnrollmentRef,
)

router = Router(prefix="/api/v1", tags=["enrollments"])
internal_router = Router(prefix="/internal", tags=["internal"], include_in_schema=False)

EnrollmentId = Annotated[Identifier, Path()]


@router.post(
    "/enrollments",
    response_model=EnrollmentOut,
    status_code=status.HTTP_201_CREATED,
    responses={200: {"model": EnrollmentOut, "description": "The caller was enrolled already"}},
)
async def enroll(
    session: Session, calls: Calls, user: CurrentUser, given: EnrollmentIn, response: Response
) -> EnrollmentOut:
    """Enroll the caller in a published course.

    Free courses are open to anyone; paid ones by purchase, by the premium tier, and up to a price by the basic
    tier. Repeated, the first enrollment is answered with 200, and nothing is charged again. A dropped enrollment
    is taken up where it was left; a purchase that was not refunded still counts.
    """
    token = None if given.payment is None else given.payment.token
    enrollment, is_new = await service.enroll(session, calls, user, given.course_id, token)
    if not is_new:
        response.status_code = status.HTTP_200_OK
    await session.flush()
    return EnrollmentOut.model_validate(enrollment)


@router.get("/enrollments", response_model=Page[EnrollmentOut])
async def list_enrollments(
    session: Session, user: CurrentUser, params: Annotated[EnrollmentList, Query()]
) -> Page[EnrollmentOut]:
    """The caller's enrollments, the latest first."""
    rows, next_cursor = await service.list_of_user(session, user.user_id, params.status, params)
    return Page(items=[EnrollmentOut.model_validate(row) for row in rows], next_cursor=next_cursor)


@router.get("/enrollments/{enrollment_id}", response_model=EnrollmentOut)
async def get_enrollment(session: Session, user: CurrentUser, enrollment_id: EnrollmentId) -> EnrollmentOut:
    """One of the caller's enrollments; any, for an admin."""
    return EnrollmentOut.model_validate(await service.show(session, user, enrollment_id))


@router.post("/enrollments/{enrollment_id}/drop", response_model=EnrollmentOut)
async def drop_enrollment(session: Session, user: CurrentUser, enrollment_id: EnrollmentId) -> EnrollmentOut:
    """Leave a course. What was done in it stays, for a later return; a repeated call changes nothing."""
    enrollment = await service.drop(session, user, enrollment_id)
    await session.flush()
    return EnrollmentOut.model_validate(enrollment)


@router.post("/enrollments/{enrollment_id}/refund", response_model=EnrollmentOut)
async def refund_enrollment(
    session: Session, user: CurrentUser, enrollment_id: EnrollmentId
) -> EnrollmentOut:
    """Have the price paid back; the enrollment is then dropped. For the buyer within the days of the refund
    policy, for an admin at any time."""
    enrollment = await service.refund(session, user, enrollment_id)
    await session.flush()
    return EnrollmentOut.model_validate(enrollment)


@internal_router.get("/enrollments", response_model=EnrollmentRef)
async def find_enrollment(
    session: Session, caller: ServiceCaller, asked: Annotated[EnrollmentQuestion, Query()]
) -> EnrollmentRef:
    """A user's enrollment in a course, dropped or not; 404 when there never was one."""
    enrollment = await service.find(session, asked.user_id, asked.course_id)
    if enrollment is None:
        raise EnrollmentNotFound
    return EnrollmentRef.model_validate({"enrollment_id": enrollment.id, "status": enrollment.status})


@internal_router.post("/courses/{course_id}/closing")
async def close_course(
    session: Session, caller: ServiceCaller, course_id: Annotated[Identifier, Path()], given: Closing
) -> Closed:
    """Take no enrollment by an offer older than this, and say whether there was any; asked before a course is
    deleted."""
    enrolled = await service.close(session, course_id, given.created_by_id, given.version)
    return Closed(enrolled=enrolled)
