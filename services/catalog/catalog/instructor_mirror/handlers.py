"""What instructor tells about who teaches."""

from chassis.consumer import Received
from contracts.instructor import CoInstructorChanged, CoInstructorRemoved, InstructorChanged
from sqlalchemy.ext.asyncio import AsyncSession

from catalog.instructor_mirror import service


async def on_instructor_changed(session: AsyncSession, received: Received[InstructorChanged]) -> None:
    await service.take_instructor(session, received.data)


async def on_co_instructor_changed(session: AsyncSession, received: Received[CoInstructorChanged]) -> None:
    await service.take_rights(session, received.data)


async def on_co_instructor_removed(session: AsyncSession, received: Received[CoInstructorRemoved]) -> None:
    await service.take_removal(session, received.data)
