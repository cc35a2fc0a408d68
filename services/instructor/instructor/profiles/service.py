"""Apply, be approved, be found: the use cases of an instructor profile."""

from collections.abc import Sequence
from typing import Any

from chassis.db import now
from chassis.errors import Forbidden
from chassis.internal import InternalCalls
from chassis.outbox import emit
from contracts.instructor import InstructorApplied, InstructorChanged
from sqlalchemy import delete
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from instructor.co_teaching import service as co_teaching
from instructor.people import service as people
from instructor.profiles import queries
from instructor.profiles.errors import AlreadyApplied, InstructorNotFound, WrongStatus
from instructor.profiles.models import InstructorExpertiseArea, InstructorProfile
from instructor.profiles.rules import Action, may_apply, status_after
from instructor.profiles.schemas import (
    Application,
    InstructorForServices,
    InstructorParams,
    OwnInstructor,
    ProfileChange,
    PublicInstructor,
)

_TEXTS = ("bio", "title", "organization", "website", "linkedin_profile", "twitter_handle")

profile_id_of = queries.profile_id_of


async def apply(
    session: AsyncSession, calls: InternalCalls, user_id: int, application: Application
) -> tuple[OwnInstructor, int]:
    """Apply to teach; the profile and its version. Who was rejected may apply again; anybody else is told 409."""
    profile = await queries.by_user(session, user_id, lock=True)
    if not may_apply(profile.status if profile else None):
        raise AlreadyApplied(f"The status is {profile.status if profile else None}.")
    given = application.model_dump(exclude={"expertise_area_ids", "display_name"})
    name = application.display_name or await _own_name(session, calls, user_id)
    if profile is None:
        profile = InstructorProfile(user_id=user_id)
        session.add(profile)
    for field, value in {**given, "display_name": name, "status": "pending"}.items():
        setattr(profile, field, value)
    try:
        await session.flush()
    except IntegrityError as error:
        # Two applications at once: the other one was first.
        raise AlreadyApplied from error
    areas = await _set_expertise(session, profile.id, application.expertise_area_ids)
    await session.refresh(profile)
    await co_teaching.attach_profile(session, user_id, profile.id)
    emit(session, InstructorApplied(profile_id=profile.id, user_id=user_id, applied_at=now()))
    _tell(session, profile, areas)
    return _own(profile, areas), profile.state_version


async def _own_name(session: AsyncSession, calls: InternalCalls, user_id: int) -> str:
    name = await people.name_of(session, user_id)
    if name is None:
        # Somebody who registered this very second: identity knows, its event is still travelling.
        name = (await calls.get("identity", f"/internal/users/{user_id}"))["display_name"]
    return str(name)


async def read_own(session: AsyncSession, user_id: int) -> tuple[OwnInstructor, int]:
    profile = await queries.by_user(session, user_id)
    if profile is None:
        raise InstructorNotFound("You have not applied to teach.")
    areas = await queries.expertise_of(session, [profile.id])
    return _own(profile, areas[profile.id]), profile.state_version


async def change_own(
    session: AsyncSession, user_id: int, change: ProfileChange, *, check: Any
) -> tuple[OwnInstructor, int]:
    """Change what was given; `check(version)` refuses a stale reader, under the row's lock."""
    profile = await queries.by_user(session, user_id, lock=True)
    if profile is None:
        raise InstructorNotFound("You have not applied to teach.")
    check(profile.state_version)
    given = change.model_dump(exclude_unset=True, exclude_none=True)
    wanted = given.pop("expertise_area_ids", None)
    for field, value in given.items():
        setattr(profile, field, value)
    if wanted is not None:
        areas = await _set_expertise(session, profile.id, wanted)
    else:
        areas = (await queries.expertise_of(session, [profile.id]))[profile.id]
    await session.flush()
    await session.refresh(profile)
    _tell(session, profile, areas)
    return _own(profile, areas), profile.state_version


async def decide(
    session: AsyncSession, profile_id: int, action: Action, *, admin_id: int, reason: str = ""
) -> OwnInstructor:
    """Approve, reject, suspend or reinstate. Where the status is reached already nothing happens, and nothing is told."""
    profile = await queries.by_id(session, profile_id, lock=True)
    if profile is None:
        raise InstructorNotFound
    status = status_after(action, profile.status)
    if status is None:
        raise WrongStatus(f"An instructor who is {profile.status} cannot be the object of: {action}.")
    areas = (await queries.expertise_of(session, [profile.id]))[profile.id]
    if status == profile.status:
        return _own(profile, areas)
    profile.status = status
    profile.suspension_reason = reason
    if action == "approve":
        profile.approved_by_id, profile.approval_date = admin_id, now()
    await session.flush()
    await session.refresh(profile)
    _tell(session, profile, areas)
    return _own(profile, areas)


async def set_tier(session: AsyncSession, profile_id: int, tier: str) -> OwnInstructor:
    profile = await queries.by_id(session, profile_id, lock=True)
    if profile is None:
        raise InstructorNotFound
    areas = (await queries.expertise_of(session, [profile.id]))[profile.id]
    if profile.tier != tier:
        profile.tier = tier
        await session.flush()
        await session.refresh(profile)
        _tell(session, profile, areas)
    return _own(profile, areas)


async def read(
    session: AsyncSession, profile_id: int, *, reader_id: int | None, is_admin: bool
) -> PublicInstructor | OwnInstructor:
    """One instructor: whole for themselves and admins, the public side for others while they are active."""
    profile = await queries.by_id(session, profile_id)
    if profile is None:
        raise InstructorNotFound
    areas = (await queries.expertise_of(session, [profile.id]))[profile.id]
    if is_admin or profile.user_id == reader_id:
        return _own(profile, areas)
    if profile.status != "active":
        raise InstructorNotFound
    return _public(profile, areas)


async def list_public(
    session: AsyncSession, params: InstructorParams, *, is_admin: bool
) -> tuple[Sequence[PublicInstructor], str | None]:
    if params.status is not None and not is_admin:
        raise Forbidden("Only admins may ask for a status.")
    rows, cursor = await queries.list_profiles(
        session, params, everybody=is_admin and params.status is not None
    )
    areas = await queries.expertise_of(session, [row.id for row in rows])
    return [_public(row, areas[row.id]) for row in rows], cursor


async def for_services(session: AsyncSession, user_id: int) -> InstructorForServices:
    profile = await queries.by_user(session, user_id)
    if profile is None:
        raise InstructorNotFound
    return InstructorForServices.model_validate(
        {"profile_id": profile.id, "user_id": user_id, "status": profile.status, "tier": profile.tier}
    )


async def erase(session: AsyncSession, user_id: int, tombstone_id: int) -> None:
    """Take a person out of their profile; the profile itself stays, under the tombstone, for the numbers' sake."""
    profile = await queries.by_user(session, user_id, lock=True)
    if profile is None:
        return
    profile.user_id = tombstone_id
    for field in _TEXTS:
        setattr(profile, field, "")
    profile.display_name = "Former instructor"
    profile.profile_image = profile.cover_image = None
    profile.public_profile = profile.email_notifications = profile.marketing_emails = False
    await session.flush()
    await session.refresh(profile)
    _tell(session, profile, (await queries.expertise_of(session, [profile.id]))[profile.id])


async def _set_expertise(session: AsyncSession, profile_id: int, category_ids: Sequence[int]) -> list[int]:
    await session.execute(
        delete(InstructorExpertiseArea).where(InstructorExpertiseArea.instructorprofile_id == profile_id)
    )
    wanted = sorted(set(category_ids))
    session.add_all(
        InstructorExpertiseArea(instructorprofile_id=profile_id, category_id=id_) for id_ in wanted
    )
    await session.flush()
    return wanted


def _seen(profile: InstructorProfile) -> dict[str, Any]:
    """The profile's fields as others may see them."""
    seen = {name: getattr(profile, name) for name in PublicInstructor.model_fields if hasattr(profile, name)}
    if not profile.public_profile:
        seen |= dict.fromkeys(_TEXTS, "") | {
            "years_experience": 0,
            "profile_image": None,
            "cover_image": None,
        }
    return seen


def _public(profile: InstructorProfile, areas: Sequence[int]) -> PublicInstructor:
    shown = list(areas) if profile.public_profile else []
    return PublicInstructor(**_seen(profile), expertise_area_ids=shown)


def _own(profile: InstructorProfile, areas: Sequence[int]) -> OwnInstructor:
    fields = {name: getattr(profile, name) for name in OwnInstructor.model_fields if hasattr(profile, name)}
    return OwnInstructor(**fields, expertise_area_ids=list(areas))


def _tell(session: AsyncSession, profile: InstructorProfile, areas: Sequence[int]) -> None:
    """Say how the profile is now. The row is locked, so versions are told in their order."""
    profile.state_version += 1
    seen = _seen(profile)
    emit(
        session,
        InstructorChanged.model_validate(
            {
                **{
                    name: seen[name]
                    for name in (*_TEXTS, "user_id", "tier", "display_name", "years_experience")
                },
                "profile_id": profile.id,
                "status": profile.status,
                "is_verified": profile.is_verified,
                "public_profile": profile.public_profile,
                "profile_image_url": seen["profile_image"],
                "cover_image_url": seen["cover_image"],
                "expertise_area_ids": tuple(areas) if profile.public_profile else (),
                "version": profile.state_version,
            }
        ),
    )
