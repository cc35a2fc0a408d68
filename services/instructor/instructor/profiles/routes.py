"""Instructor profiles over HTTP."""

from typing import Annotated

from chassis.auth import Principal
from chassis.pagination import Page
from chassis.schemas import Identifier
from chassis.web import (
    Calls,
    CurrentUser,
    IfMatch,
    OptionalUser,
    Router,
    ServiceCaller,
    Session,
    Staff,
    etag,
    require_match,
)
from fastapi import Path, Query, Response

from instructor.profiles import service
from instructor.profiles.schemas import (
    Application,
    InstructorForServices,
    InstructorParams,
    OwnInstructor,
    ProfileChange,
    PublicInstructor,
    Reason,
    TierChange,
)
from instructor.profiles.service import Instructor

router = Router(prefix="/api/v1/instructors", tags=["instructors"])
internal_router = Router(prefix="/internal/instructors", include_in_schema=False)

ProfileId = Annotated[Identifier, Path(description="The profile's id, not the account's.")]
Approver = Annotated[Principal, Staff("instructor.approve_instructor")]
Suspender = Annotated[Principal, Staff("instructor.suspend_instructor")]
TierGiver = Annotated[Principal, Staff("instructor.change_tier")]
VIEW = "instructor.view_instructor"


def _tagged(instructor: Instructor, response: Response) -> OwnInstructor:
    response.headers["ETag"] = etag(instructor.row.state_version)
    return OwnInstructor.of(instructor)


@router.get("")
async def list_instructors(
    session: Session, user: OptionalUser, params: Annotated[InstructorParams, Query()]
) -> Page[PublicInstructor]:
    """The active instructors with a public profile, newest first."""
    found, cursor = await service.list_public(
        session,
        params,
        status=params.status,
        tier=params.tier,
        is_verified=params.is_verified,
        is_staff=bool(user and user.may(VIEW)),
    )
    return Page(items=[PublicInstructor.of(one) for one in found], next_cursor=cursor)


@router.post("/apply", status_code=201)
async def apply(
    body: Application, session: Session, user: CurrentUser, calls: Calls, response: Response
) -> OwnInstructor:
    """Ask to become an instructor; an admin decides."""
    instructor = await service.apply(
        session,
        calls,
        user.user_id,
        body.model_dump(exclude={"display_name", "expertise_area_ids"}),
        display_name=body.display_name,
        expertise_area_ids=body.expertise_area_ids,
    )
    return _tagged(instructor, response)


@router.get("/me")
async def read_own_profile(session: Session, user: CurrentUser, response: Response) -> OwnInstructor:
    return _tagged(await service.read_own(session, user.user_id), response)


@router.patch("/me")
async def change_own_profile(
    body: ProfileChange, session: Session, user: CurrentUser, response: Response, if_match: IfMatch = None
) -> OwnInstructor:
    """Change what is given; what is null or not there stays."""
    instructor = await service.change_own(
        session,
        user.user_id,
        body.model_dump(exclude_none=True),
        check=lambda version: require_match(if_match, etag(version)),
    )
    return _tagged(instructor, response)


@router.get("/{profile_id}")
async def read_instructor(
    profile_id: ProfileId, session: Session, user: OptionalUser
) -> OwnInstructor | PublicInstructor:
    """An instructor's public profile; whole for themselves and the staff."""
    instructor, whole = await service.read(
        session, profile_id, reader_id=user.user_id if user else None, is_staff=bool(user and user.may(VIEW))
    )
    return OwnInstructor.of(instructor) if whole else PublicInstructor.of(instructor)


@router.post("/{profile_id}/approve")
async def approve(profile_id: ProfileId, session: Session, staff: Approver) -> OwnInstructor:
    return OwnInstructor.of(await service.decide(session, profile_id, "approve", admin_id=staff.user_id))


@router.post("/{profile_id}/reject")
async def reject(profile_id: ProfileId, body: Reason, session: Session, staff: Approver) -> OwnInstructor:
    return OwnInstructor.of(
        await service.decide(session, profile_id, "reject", admin_id=staff.user_id, reason=body.reason)
    )


@router.post("/{profile_id}/suspend")
async def suspend(profile_id: ProfileId, body: Reason, session: Session, staff: Suspender) -> OwnInstructor:
    return OwnInstructor.of(
        await service.decide(session, profile_id, "suspend", admin_id=staff.user_id, reason=body.reason)
    )


@router.post("/{profile_id}/reinstate")
async def reinstate(profile_id: ProfileId, session: Session, staff: Suspender) -> OwnInstructor:
    return OwnInstructor.of(await service.decide(session, profile_id, "reinstate", admin_id=staff.user_id))


@router.patch("/{profile_id}/tier")
async def set_tier(
    profile_id: ProfileId, body: TierChange, session: Session, _staff: TierGiver
) -> OwnInstructor:
    return OwnInstructor.of(await service.set_tier(session, profile_id, body.tier))


@internal_router.get("/by-user/{user_id}")
async def instructor_by_user(
    user_id: Annotated[Identifier, Path()], session: Session, _caller: ServiceCaller
) -> InstructorForServices:
    profile = await service.of_user(session, user_id)
    return InstructorForServices.model_validate(
        {"profile_id": profile.id, "user_id": user_id, "status": profile.status, "tier": profile.tier}
    )
