"""Erasure: the tombstone takes the place of a person in every table, in the outbox and in the dead letters."""

from chassis.consumer import Received
from chassis.db import now
from chassis.erasure import scrub_chassis_tables
from chassis.outbox import emit
from contracts.identity import UserErased
from contracts.platform import ErasureCompleted
from sqlalchemy.ext.asyncio import AsyncSession

from instructor.co_teaching import service as co_teaching
from instructor.people import service as people
from instructor.profiles import service as profiles


async def erase(session: AsyncSession, received: Received[UserErased]) -> None:
    user_id, tombstone_id = received.data.user_id, received.data.tombstone_id
    await people.forget(session, user_id)
    await profiles.erase(session, user_id, tombstone_id)
    await co_teaching.erase(session, user_id, tombstone_id)
    await scrub_chassis_tables(session, user_id, tombstone_id)
    emit(
        session,
        ErasureCompleted(
            user_id=user_id, tombstone_id=tombstone_id, service="instructor", completed_at=now()
        ),
    )
