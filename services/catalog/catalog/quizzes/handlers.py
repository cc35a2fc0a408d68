"""What assessment tells of its assessments: which lessons have one."""

from typing import Any

from chassis.consumer import Received
from sqlalchemy.ext.asyncio import AsyncSession

from catalog.quizzes import service


async def on_assessments(session: AsyncSession, received: list[Received[Any]]) -> None:
    await service.take(session, [one.data for one in received])
