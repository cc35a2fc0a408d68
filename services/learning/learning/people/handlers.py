"""What identity tells about people."""

from chassis.consumer import Received
from contracts.identity import SubscriptionChanged, UserChanged
from sqlalchemy.ext.asyncio import AsyncSession

from learning.people import service


async def on_user_changed(session: AsyncSession, received: Received[UserChanged]) -> None:
    await service.take_user(session, received.data)


async def on_subscription_changed(session: AsyncSession, received: Received[SubscriptionChanged]) -> None:
    await service.take_subscription(session, received.data, received.time)
