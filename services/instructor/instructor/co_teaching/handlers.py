"""What catalog's events do here."""

from chassis.consumer import Received
from contracts.catalog import CourseChanged, CourseDeleted
from sqlalchemy.ext.asyncio import AsyncSession

from instructor.co_teaching import service
from instructor.profiles.service import profile_id_of


async def keep_lead(session: AsyncSession, received: Received[CourseChanged]) -> None:
    """The author of a course leads it, from the moment it exists."""
    course = received.data
    if course.is_draft or not await service.keep_course(session, course):
        return
    profile_id = await profile_id_of(session, course.created_by_id)
    await service.ensure_lead(
        session, course.course_id, course.created_by_id, profile_id, since=received.time
    )


async def take_course_away(session: AsyncSession, received: Received[CourseDeleted]) -> None:
    course = received.data
    await service.drop_course(session, course.course_id, course.version, at=received.time)
