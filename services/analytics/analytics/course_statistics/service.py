"""Showing the statistics of a course to those who may see them."""

from typing import TYPE_CHECKING, Any

from chassis.errors import NotFound, Unavailable
from sqlalchemy.ext.asyncio import AsyncSession

from analytics.course_statistics import fold, queries
from analytics.course_statistics.errors import CourseNotFound, NotAnInstructorHere
from analytics.freshness import service as freshness
from analytics.teaching import service as teaching

if TYPE_CHECKING:
    from chassis.auth import Principal
    from chassis.internal import InternalCalls


async def show(session: AsyncSession, course_id: int) -> dict[str, Any]:
    """A course's numbers; where there are none yet, only which course and how fresh that is."""
    fresh = await freshness.freshness(session)
    found = await queries.statistics(session, course_id)
    row = {column.key: getattr(found, column.key) for column in found.__table__.columns} if found else {}
    return {**row, "course_id": course_id, "as_of": fresh.as_of, "lag_seconds": fresh.lag_seconds}


async def require_insight(
    session: AsyncSession, calls: "InternalCalls", principal: "Principal", course_id: int
) -> None:
    """Let the staff, the course's lead and those who teach it with the right to see its analytics pass.

    Raises NotAnInstructorHere where the course is public, CourseNotFound where its existence is not the caller's
    to know. Before it says no it asks catalog once: the course may be newer than our replica.
    """
    if principal.may("analytics.view_statistics") or await teaching.may_see(
        session, principal.user_id, course_id
    ):
        return
    course = (await fold.known(session, {course_id}))[course_id]
    is_public = course.was_published
    if course.lead_id == principal.user_id and not course.is_deleted:
        return
    if not is_public:
        offer = await _offer(calls, course_id)
        if offer is not None and offer["created_by_id"] == principal.user_id:
            return
        is_public = offer is not None and bool(offer["is_published"])
    if is_public:
        raise NotAnInstructorHere("You do not teach this course, or may not see its numbers.")
    raise CourseNotFound


async def _offer(calls: "InternalCalls", course_id: int) -> dict[str, Any] | None:
    try:
        offer: dict[str, Any] = await calls.get("catalog", f"/internal/courses/{course_id}/offer")
    except (NotFound, Unavailable):
        # Without catalog we know what our replica knows, and that is: no.
        return None
    return offer
