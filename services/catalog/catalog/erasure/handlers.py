"""What identity tells of people who want to be forgotten."""

from chassis.consumer import Received
from contracts.identity import UserErased
from sqlalchemy.ext.asyncio import AsyncSession

from catalog.erasure import service


async def on_user_erased(session: AsyncSession, received: Received[UserErased]) -> None:
    user_id, tombstone_id = received.data.user_id, received.data.tombstone_id
    await service.erase(session, user_id, tombstone_id)
    service.report(session, user_id, tombstone_id)
