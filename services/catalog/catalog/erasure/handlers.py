"""What identity tells of people who want to be forgotten."""

from chassis.consumer import Received
from contracts.identity import UserErased
from sqlalchemy.ext.asyncio import AsyncSession

from catalog.erasure import service


async def on_user_erased(session: AsyncSession, received: Received[UserErased]) -> None:
    await service.erase(session, received.data.user_id, received.data.tombstone_id)
