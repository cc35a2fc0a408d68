"""For identity's tests of money: a clock that is set, the worker's tasks, and the sandbox's own books."""

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import httpx
from chassis.db import Database
from contracts.identity import SubscriptionChanged
from sqlalchemy import func, select, update

from identity.billing import tasks
from identity.billing.models import Subscription
from identity.billing.subscribing import Wish, cancel, subscribe
from identity.payments.models import Payment, Refund, SandboxIntent, SandboxMethod, SandboxRefund
from identity.payments.port import Provider
from identity.settings import Settings
from identity.testing import Person


@dataclass
class Desk:
    """The worker's tasks and the books, at whatever time a test says it is."""

    database: Database
    settings: Settings
    provider: Provider

    async def run(self, instant: datetime) -> None:
        """One round of the worker."""
        await tasks.settle_payments(self.database, self.provider, self.settings, instant)
        await tasks.renew_subscriptions(self.database, self.provider, self.settings, instant)
        await tasks.expire_subscriptions(self.database, self.settings, instant)
        await tasks.finish_refunds(self.database, self.provider, instant)
        await tasks.forget_customers(self.database, self.provider, instant)

    async def subscribe(
        self, user_id: int, tier: str, method: str | None = None, *, at: datetime
    ) -> Payment | None:
        return await subscribe(
            self.database, self.provider, self.settings, Wish(user_id, tier, method), instant=at
        )

    async def cancel(self, user_id: int, *, at: datetime) -> None:
        await cancel(self.database, self.provider, self.settings, user_id, instant=at)

    async def subscription(self, user_id: int) -> Subscription:
        async with self.database.transaction() as session:
            return (await session.scalars(select(Subscription).where(Subscription.user_id == user_id))).one()

    async def payments(self) -> list[Payment]:
        async with self.database.transaction() as session:
            return list((await session.scalars(select(Payment).order_by(Payment.id))).all())

    async def refunds(self) -> list[Refund]:
        async with self.database.transaction() as session:
            return list((await session.scalars(select(Refund).order_by(Refund.id))).all())

    async def taken(self) -> Decimal:
        """What the sandbox took, less what it gave back."""
        async with self.database.transaction() as session:
            paid = await session.scalar(
                select(func.coalesce(func.sum(SandboxIntent.amount), 0)).where(
                    SandboxIntent.status == "succeeded"
                )
            )
            back = await session.scalar(select(func.coalesce(func.sum(SandboxRefund.amount), 0)))
        return Decimal(paid or 0) - Decimal(back or 0)

    async def charges(self) -> int:
        async with self.database.transaction() as session:
            return (
                await session.scalar(
                    select(func.count())
                    .select_from(SandboxIntent)
                    .where(SandboxIntent.status == "succeeded", SandboxIntent.amount > 0)
                )
            ) or 0

    async def relent(self) -> None:
        """Have the sandbox's bank say yes from now on."""
        async with self.database.transaction() as session:
            await session.execute(update(SandboxMethod).values(token="tok_ok"))  # noqa: S106 - a test token

    async def set_back(self, user_id: int, **columns: Any) -> None:
        """Have a subscription look as time, or the old site, made it."""
        async with self.database.transaction() as session:
            await session.execute(
                update(Subscription).where(Subscription.user_id == user_id).values(**columns)
            )


async def subscribe_over_http(person: Person, tier: str, method: Any = None) -> httpx.Response:
    body = {"tier": tier} if method is None else {"tier": tier, "payment_method": method}
    return await person.post("/users/me/subscription", body)


def changes(events: list[Any], since: int = 0, user_id: int | None = None) -> list[tuple[str, str, bool]]:
    """(tier, status, is_auto_renew) of every SubscriptionChanged, checking that versions go up one by one."""
    told = [event for event in events if isinstance(event, SubscriptionChanged)]
    told = [event for event in told if user_id in (None, event.user_id)]
    assert [event.version for event in told] == list(range(1, len(told) + 1))
    seen: list[tuple[str, str, bool]] = [(one.tier, one.status, one.is_auto_renew) for one in told]
    return seen[since:]


def utc(year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=UTC)


def slug(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"].removeprefix("/problems/")
