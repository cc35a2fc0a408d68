"""From the log into the fold."""

from typing import Any

from chassis.consumer import Batched, Received
from chassis.db import now
from sqlalchemy.ext.asyncio import AsyncSession

from analytics.facts.rules import Fact
from analytics.folding import service


async def _fold(session: AsyncSession, received: list[Received[Any]]) -> None:
    await service.take_in(session, [Fact(one.id, one.time, one.data) for one in received], now())


FOLD = Batched(_fold)
"""All events go through this one object, so that a micro-batch is folded as one."""
