"""What learning tells that changes a course's counters."""

from typing import Any

from chassis.consumer import Received
from sqlalchemy.ext.asyncio import AsyncSession

from catalog.courses import service


async def on_enrollments(session: AsyncSession, received: list[Received[Any]]) -> None:
    await service.take_enrollments(session, [one.data for one in received])
