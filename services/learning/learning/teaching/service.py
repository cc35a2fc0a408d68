"""Keep the mirror of who teaches what, and answer for the other slices."""

from typing import TYPE_CHECKING

from chassis.errors import NotFound
from contracts.instructor import CoInstructorChanged, CoInstructorRemoved, InstructorChanged
from sqlalchemy.ext.asyncio import AsyncSession

from learning.teaching import queries, rules

if TYPE_CHECKING:
    from chassis.internal import InternalCalls


async def take_instructor(session: AsyncSession, changed: InstructorChanged) -> None:
    """Keep whose profile it is, and its status."""
    await queries.keep_instructor(
        session,
        {
            "profile_id": changed.profile_id,
            "version": changed.version,
            "user_id": changed.user_id,
            "status": changed.status,
        },
    )


async def take_rights(session: AsyncSession, changed: CoInstructorChanged) -> None:
    """Keep what a user may do in a course."""
    await queries.keep_teaching(
        session,
        {
            "course_id": changed.course_id,
            "user_id": changed.user_id,
            "version": changed.version,
            "is_active": changed.is_active,
            "is_lead": changed.is_lead,
            "can_manage_students": changed.can_manage_students,
        },
    )


async def take_removal(session: AsyncSession, removed: CoInstructorRemoved) -> None:
    """Keep that a user has no rights in a course any more."""
    await queries.keep_teaching(
        session,
        {
            "course_id": removed.course_id,
            "user_id": removed.user_id,
            "version": removed.version,
            "is_active": False,
            "is_lead": False,
            "can_manage_students": False,
        },
    )


async def may_see_students(
    session: AsyncSession, calls: "InternalCalls", *, course_id: int, created_by_id: int, user_id: int
) -> bool:
    """Whether a user teaches the course with the right to its students.

    A profile that the mirror shows as anything but active is asked for once before the answer is no: it may have
    been approved a moment ago.
    """
    row = await queries.teaching(session, course_id, user_id)
    status = await queries.status_of(session, user_id)

    def decide(status: str | None) -> bool:
        return rules.may_see_students(
            is_creator=created_by_id == user_id,
            is_lead=row is not None and row.is_lead,
            is_active=row is not None and row.is_active,
            can_manage_students=row is not None and row.can_manage_students,
            status=status,
        )

    if decide(status) or not decide("active"):
        return decide(status)
    try:
        profile = await calls.get("instructor", f"/internal/instructors/by-user/{user_id}")
    except NotFound:
        return False
    return decide(str(profile["status"]))


async def replace_user(session: AsyncSession, user_id: int, tombstone_id: int) -> None:
    await queries.replace_user(session, user_id, tombstone_id)
