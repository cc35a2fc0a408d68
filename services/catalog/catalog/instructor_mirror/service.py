"""Keep the mirror of instructors, and answer for the other slices who may author and who teaches."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chassis.errors import NotFound
from contracts.instructor import CoInstructorChanged, CoInstructorRemoved, InstructorChanged
from sqlalchemy import ColumnElement, Select, SQLColumnExpression
from sqlalchemy.ext.asyncio import AsyncSession

from catalog.instructor_mirror import queries
from catalog.people import service as people

if TYPE_CHECKING:
    from chassis.internal import InternalCalls


@dataclass(frozen=True, slots=True)
class Rights:
    """What a user may do in a course that another leads."""

    teaches: bool = False
    may_edit: bool = False


async def take_instructor(session: AsyncSession, changed: InstructorChanged) -> None:
    """Keep whose profile it is, and its status."""
    stand_in = await people.tombstones(session, [changed.user_id])
    await queries.keep_instructor(
        session,
        {
            "profile_id": changed.profile_id,
            "version": changed.version,
            "user_id": stand_in.get(changed.user_id, changed.user_id),
            "status": changed.status,
        },
    )


async def take_rights(session: AsyncSession, changed: CoInstructorChanged) -> None:
    """Keep what a user may do in a course."""
    if await people.tombstones(session, [changed.user_id]):
        return
    await queries.keep_rights(
        session,
        {
            "course_id": changed.course_id,
            "user_id": changed.user_id,
            "version": changed.version,
            "is_active": changed.is_active,
            "can_edit_content": changed.is_lead or changed.can_edit_content,
        },
    )


async def take_removal(session: AsyncSession, removed: CoInstructorRemoved) -> None:
    """Keep that a user has no rights in a course any more."""
    if await people.tombstones(session, [removed.user_id]):
        return
    await queries.keep_rights(
        session,
        {
            "course_id": removed.course_id,
            "user_id": removed.user_id,
            "version": removed.version,
            "is_active": False,
            "can_edit_content": False,
        },
    )


async def is_approved(session: AsyncSession, calls: "InternalCalls", user_id: int) -> bool:
    """Whether the user is an active instructor. Instructor is asked once before the answer is no: the approval
    may be a moment old, and its event still on the way."""
    if await queries.is_active(session, user_id):
        return True
    try:
        profile = await calls.get("instructor", f"/internal/instructors/by-user/{user_id}")
    except NotFound:
        return False
    return bool(profile["status"] == "active")


async def rights_in(session: AsyncSession, course_id: int, user_id: int) -> Rights:
    """What the user may do in the course as one of its instructors."""
    row = await queries.rights(session, course_id, user_id)
    if row is None or not row.is_active:
        return Rights()
    return Rights(teaches=True, may_edit=row.can_edit_content)


def teaches(user_id: ColumnElement[int], course_id: SQLColumnExpression[int]) -> ColumnElement[bool]:
    """Whether a user is one of a course's instructors, to be asked in the statement that reads the course."""
    return queries.teaches(user_id, course_id)


def courses_taught_by(user_id: int) -> Select[int]:
    """The ids of the courses a user teaches as one of their instructors, to select from."""
    return queries.courses_taught_by(user_id)


async def replace_user(session: AsyncSession, user_id: int, tombstone_id: int) -> None:
    await queries.replace_user(session, user_id, tombstone_id)
