"""Erasure: the tombstone takes the place of a person in every attempt, in the outbox and in the dead letters."""

from chassis.consumer import Received
from chassis.db import now
from chassis.erasure import scrub_chassis_tables
from chassis.outbox import emit
from contracts.identity import UserErased
from contracts.platform import ErasureCompleted
from sqlalchemy.ext.asyncio import AsyncSession

from assessment.attempts import service as attempts


async def erase(session: AsyncSession, user_id: int, tombstone_id: int) -> None:
    """Rewrite every table. Done again it changes nothing."""
    await attempts.erase(session, user_id, tombstone_id)
    await scrub_chassis_tables(session, user_id, tombstone_id)


async def on_user_erased(session: AsyncSession, received: Received[UserErased]) -> None:
    user_id, tombstone_id = received.data.user_id, received.data.tombstone_id
    await erase(session, user_id, tombstone_id)
    emit(
        session,
        ErasureCompleted(
            user_id=user_id, tombstone_id=tombstone_id, service="assessment", completed_at=now()
        ),
    )
