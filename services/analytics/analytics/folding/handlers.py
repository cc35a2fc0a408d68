"""From the log into the fold."""

from collections.abc import Awaitable, Callable
from typing import Any

from chassis.consumer import Batched, Received
from chassis.db import now
from chassis.revocations import on_session_revoked, on_user_deactivated
from contracts.identity import SessionRevoked, UserDeactivated
from sqlalchemy.ext.asyncio import AsyncSession

from analytics.facts.rules import Fact
from analytics.folding import service

_ENDS_TOKENS: dict[type[Any], Callable[[AsyncSession, Any], Awaitable[None]]] = {
    SessionRevoked: on_session_revoked,
    UserDeactivated: on_user_deactivated,
}


async def _fold(session: AsyncSession, received: list[Received[Any]]) -> None:
    for one in received:
        if end := _ENDS_TOKENS.get(type(one.data)):
            await end(session, one)
    await service.take_in(session, [Fact(one.id, one.time, one.data) for one in received], now())


FOLD = Batched(_fold)
"""All events go through this one object, so that a micro-batch is folded as one."""
