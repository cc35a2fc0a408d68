"""Apply, be approved, be found: the use cases of an instructor profile."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chassis.auth import PermissionMissing
from chassis.db import now
from chassis.internal import InternalCalls
from chassis.outbox import emit
from chassis.pagination import PageParams
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

_TEXTS = ("bio", "title", "organization", "website", "linkedin_profile", "twitter_handle")
_IMAGES = ("profile_image", "cover_image")
_PLAIN = ("id", "user_id", "display_name", "is_verified", "tier", "created_date")

profile_id_of = queries.profile_id_of


@dataclass(frozen=True)
class Instructor:
    """A profile with the ids of the categories in which the instructor is at home."""

    row: InstructorProfile
    expertise_area_ids: Sequence[int]

    def seen_by_others(self) -> dict[str, Any]:
        """The public fields by name; the descriptive ones are empty where the profile is kept private."""
        seen = {name: getattr(self.row, name) for name in (*_PLAIN, *_TEXTS, *_IMAGES, "years_experience")}
        if not self.row.public_profile:
            seen |= dict.fromkeys(_TEXTS, "") | dict.fromkeys(_IMAGES) | {"years_experience": 0}
        shown = self.expertise_area_ids if self.row.public_profile else ()
        return {**seen, "expertise_area_ids": list(shown)}


async def apply(
    session: AsyncSession,
    calls: InternalCalls,
    user_id: int,
    given: Mapping[str, Any],
    *,
    display_name: str | None,
    expertise_area_ids: Sequence[int],
) -> Instructor:
    """Apply to teach, with the profile's fields as `given`. Who was rejected may try again; others are told 409."""
    profile = await queries.by_user(session, user_id, lock=True)
    if not may_apply(profile.status if profile else None):
        raise AlreadyApplied(f"The status is {profile.status if profile else None}.")
    name = display_name or await _own_name(session, calls, user_id)
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
    areas = await _set_expertise(session, profile.id, expertise_area_ids)
    await co_teaching.attach_profile(session, user_id, profile.id)
    emit(session, InstructorApplied(profile_id=profile.id, user_id=user_id, applied_at=now()))
    return await _tell(session, profile, areas)


async def _own_name(session: AsyncSession, calls: InternalCalls, user_id: int) -> str:
    name = await people.name_of(session, user_id)
    if name is None:
        # Somebody who registered this very second: identity knows, its event is still travelling.
        name = (await calls.get("identity", f"/internal/users/{user_id}"))["display_name"]
    return str(name)


async def read_own(session: AsyncSession, user_id: int) -> Instructor:
    return await _with_expertise(
        session, await queries.by_user(session, user_id), "You have not applied to teach."
    )


async def change_own(
    session: AsyncSession, user_id: int, given: Mapping[str, Any], *, check: Callable[[int], None]
) -> Instructor:
    """Change what was given; `check(version)` refuses a stale reader, under the row's lock."""
    found = await queries.by_user(session, user_id, lock=True)
    instructor = await _with_expertise(session, found, "You have not applied to teach.")
    profile, areas = instructor.row, instructor.expertise_area_ids
    check(profile.state_version)
    for field, value in given.items():
        if field == "expertise_area_ids":
            areas = await _set_expertise(session, profile.id, value)
        else:
            setattr(profile, field, value)
    return await _tell(session, profile, areas)


async def decide(
    session: AsyncSession, profile_id: int, action: Action, *, admin_id: int, reason: str = ""
) -> Instructor:
    """Approve, reject, suspend or reinstate. Where the status is reached already nothing happens, and nothing is told."""
    instructor = await _with_expertise(session, await queries.by_id(session, profile_id, lock=True))
    profile = instructor.row
    status = status_after(action, profile.status)
    if status is None:
        raise WrongStatus(f"An instructor who is {profile.status} cannot be the object of: {action}.")
    if status == profile.status:
        return instructor
    profile.status = status
    profile.suspension_reason = reason
    if action == "approve":
        profile.approved_by_id, profile.approval_date = admin_id, now()
    return await _tell(session, profile, instructor.expertise_area_ids)


async def set_tier(session: AsyncSession, profile_id: int, tier: str) -> Instructor:
    instructor = await _with_expertise(session, await queries.by_id(session, profile_id, lock=True))
    if instructor.row.tier == tier:
        return instructor
    instructor.row.tier = tier
    return await _tell(session, instructor.row, instructor.expertise_area_ids)


async def read(
    session: AsyncSession, profile_id: int, *, reader_id: int | None, is_staff: bool
) -> tuple[Instructor, bool]:
    """One instructor, and whether the reader sees all of them: they themselves and the staff do, others while active."""
    instructor = await _with_expertise(session, await queries.by_id(session, profile_id))
    whole = is_staff or instructor.row.user_id == reader_id
    if not whole and instructor.row.status != "active":
        raise InstructorNotFound
    return instructor, whole


async def list_public(
    session: AsyncSession,
    params: PageParams,
    *,
    status: str | None,
    tier: str | None,
    is_verified: bool | None,
    is_staff: bool,
) -> tuple[list[Instructor], str | None]:
    if status is not None and not is_staff:
        raise PermissionMissing("instructor.view_instructor")
    rows, cursor = await queries.list_profiles(
        session, params, status=status, tier=tier, is_verified=is_verified, everybody=status is not None
    )
    areas = await queries.expertise_of(session, [row.id for row in rows])
    return [Instructor(row, areas[row.id]) for row in rows], cursor


async def of_user(session: AsyncSession, user_id: int) -> InstructorProfile:
    """The profile of an account; InstructorNotFound where there is none."""
    profile = await queries.by_user(session, user_id)
    if profile is None:
        raise InstructorNotFound
    return profile


async def erase(session: AsyncSession, user_id: int, tombstone_id: int) -> None:
    """Take a person out of their profile; the profile itself stays, under the tombstone, for the numbers' sake."""
    await queries.replace_approver(session, user_id, tombstone_id)
    profile = await queries.by_user(session, user_id, lock=True)
    if profile is None:
        return
    profile.user_id = tombstone_id
    for field in (*_TEXTS, "suspension_reason"):
        setattr(profile, field, "")
    profile.display_name = "Former instructor"
    profile.profile_image = profile.cover_image = profile.last_login = None
    profile.years_experience = 0
    profile.public_profile = profile.email_notifications = profile.marketing_emails = False
    await _tell(session, profile, await _set_expertise(session, profile.id, ()))


async def _with_expertise(
    session: AsyncSession, profile: InstructorProfile | None, otherwise: str | None = None
) -> Instructor:
    if profile is None:
        raise InstructorNotFound(otherwise)
    areas = await queries.expertise_of(session, [profile.id])
    return Instructor(profile, areas[profile.id])


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


async def _tell(session: AsyncSession, profile: InstructorProfile, areas: Sequence[int]) -> Instructor:
    """Say how the profile is now. The row is locked, so versions are told in their order."""
    profile.state_version += 1
    await session.flush()
    await session.refresh(profile)
    instructor = Instructor(profile, areas)
    seen = instructor.seen_by_others()
    told: dict[str, Any] = {
        **seen,
        "profile_id": profile.id,
        "status": profile.status,
        "public_profile": profile.public_profile,
        "profile_image_url": seen["profile_image"],
        "cover_image_url": seen["cover_image"],
        "version": profile.state_version,
    }
    emit(session, InstructorChanged(**told))
    return instructor
