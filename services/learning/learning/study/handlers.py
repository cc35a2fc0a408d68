"""What catalog tells about courses: the mirror takes it, and the enrollments are recounted over it."""

from chassis.consumer import Received
from contracts.catalog import CourseChanged, CourseDeleted, CoursePublished, CourseUnpublished
from sqlalchemy.ext.asyncio import AsyncSession

from learning.course_mirror import service as course_mirror
from learning.study import recounts, removals


async def on_course_published(session: AsyncSession, received: Received[CoursePublished]) -> None:
    await course_mirror.take_outline(session, received.data)
    await recounts.recount(session, received.data.course_id)


async def on_course_changed(session: AsyncSession, received: Received[CourseChanged]) -> None:
    if await course_mirror.take_change(session, received.data):
        await removals.begin(session)
    await recounts.recount(session, received.data.course_id)


async def on_course_unpublished(session: AsyncSession, received: Received[CourseUnpublished]) -> None:
    await course_mirror.take_unpublishing(session, received.data)


async def on_course_deleted(session: AsyncSession, received: Received[CourseDeleted]) -> None:
    await course_mirror.take_deletion(session, received.data)
    await removals.begin(session)
