"""What identity tells about people."""

from chassis.consumer import Received
from contracts.identity import UserChanged
from sqlalchemy.ext.asyncio import AsyncSession

from catalog.people import service


async def on_user_changed(session: AsyncSession, received: Received[UserChanged]) -> None:
    await service.take_user(session, received.data)
