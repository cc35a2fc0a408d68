"""What identity's events do here."""

from chassis.consumer import Received
from contracts.identity import UserChanged
from sqlalchemy.ext.asyncio import AsyncSession

from instructor.people import service


async def remember_person(session: AsyncSession, received: Received[UserChanged]) -> None:
    await service.remember(session, received.data)
