"""Erasure: the tombstone takes the place of a person in every table, in the outbox and in the dead letters."""

from chassis.consumer import Received
from chassis.db import now
from chassis.erasure import scrub_chassis_tables
from chassis.outbox import emit
from contracts.identity import UserErased
from contracts.platform import ErasureCompleted
from sqlalchemy.ext.asyncio import AsyncSession

from instructor.ai_drafts import service as ai_drafts
from instructor.co_teaching import service as co_teaching
from instructor.course_sessions import service as course_sessions
from instructor.course_templates import service as course_templates
from instructor.dashboards import service as dashboards
from instructor.notifications import service as notifications
from instructor.people import service as people
from instructor.profiles import service as profiles
from instructor.sessions import service as sessions


async def erase(session: AsyncSession, user_id: int, tombstone_id: int) -> None:
    """Rewrite every table. Done again it changes nothing."""
    await people.forget(session, user_id)
    await ai_drafts.forget(session, user_id)
    await course_templates.replace_user(session, user_id, tombstone_id)
    profile_id = await profiles.profile_id_of(session, user_id)
    if profile_id is not None:
        for slice_service in (dashboards, notifications, sessions, course_sessions):
            await slice_service.forget(session, profile_id)
    await profiles.erase(session, user_id, tombstone_id)
    await co_teaching.erase(session, user_id, tombstone_id)
    await scrub_chassis_tables(session, user_id, tombstone_id)


async def on_user_erased(session: AsyncSession, received: Received[UserErased]) -> None:
    user_id, tombstone_id = received.data.user_id, received.data.tombstone_id
    await erase(session, user_id, tombstone_id)
    emit(
        session,
        ErasureCompleted(
            user_id=user_id, tombstone_id=tombstone_id, service="instructor", completed_at=now()
        ),
    )
