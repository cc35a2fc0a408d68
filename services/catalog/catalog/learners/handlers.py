"""What learning tells of enrollments: it changes a course's counters, and verifies reviews."""

from typing import Any

from chassis.consumer import Received
from sqlalchemy.ext.asyncio import AsyncSession

from catalog.courses import service as courses
from catalog.reviews import service as reviews


async def on_enrollments(session: AsyncSession, received: list[Received[Any]]) -> None:
    events = [one.data for one in received]
    await courses.take_enrollments(session, events)
    await reviews.verify(session, events)
