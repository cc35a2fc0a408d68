"""Keep the mirror of people, and read it for the other slices."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from contracts.identity import SubscriptionChanged, UserChanged
from sqlalchemy.ext.asyncio import AsyncSession

from learning.people import queries, rules
from learning.people.models import MirrorSubscription, MirrorUser

if TYPE_CHECKING:
    from chassis.auth import Principal


async def take_user(session: AsyncSession, user: UserChanged) -> None:
    """Keep the name and picture of an account."""
    await queries.keep_newest(
        session,
        MirrorUser,
        {
            "user_id": user.user_id,
            "version": user.version,
            "display_name": user.display_name,
            "picture_url": user.picture_url,
            "is_active": user.is_active,
        },
    )


async def take_subscription(session: AsyncSession, changed: SubscriptionChanged, time: datetime) -> None:
    """Keep a subscription; `time` is when it changed."""
    await queries.keep_newest(
        session,
        MirrorSubscription,
        {
            "user_id": changed.user_id,
            "version": changed.version,
            "tier": changed.tier,
            "status": changed.status,
            "ends": changed.ends,
            "changed_at": time,
        },
    )


async def tier_of(session: AsyncSession, principal: "Principal", instant: datetime) -> str:
    """The subscription tier a caller has at `instant`."""
    row = await queries.subscription(session, principal.user_id)
    told = None if row is None else rules.Subscription(row.tier, row.status, row.ends, row.changed_at)
    issued = datetime.fromtimestamp(principal.issued, UTC)
    return rules.tier_at(instant, token_tier=principal.tier, token_issued=issued, told=told)


async def users_by_id(session: AsyncSession, user_ids: Iterable[int]) -> dict[int, MirrorUser]:
    """Those of the accounts that the mirror knows."""
    return {user.user_id: user for user in await queries.users(session, user_ids)}


async def forget(session: AsyncSession, user_id: int) -> None:
    """Drop everything about an erased account. Its later events, if any, come under the tombstone."""
    await queries.forget(session, user_id)
