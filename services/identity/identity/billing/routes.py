"""The tiers, and one's own subscription."""

from decimal import Decimal
from typing import Annotated, cast

from chassis.db import now
from chassis.pagination import BadCursor, Page, PageParams
from chassis.web import CurrentUser, Router, Session
from fastapi import Query

from identity.billing import service
from identity.billing.rules import DESCRIPTIONS, effective_tier
from identity.billing.schemas import SubscriptionOut, Tier, TierOut
from identity.dependencies import Config

router = Router(prefix="/api/v1", tags=["subscriptions"])


@router.get("/subscription-tiers", response_model=Page[TierOut])
async def list_subscription_tiers(settings: Config, params: Annotated[PageParams, Query()]) -> Page[TierOut]:
    """What there is to subscribe to, the least first."""
    prices = {"free": Decimal(0), "basic": settings.basic_price, "premium": settings.premium_price}
    tiers = [
        TierOut(
            tier=cast("Tier", tier), price=price, currency=settings.currency, description=DESCRIPTIONS[tier]
        )
        for tier, price in prices.items()
    ]
    begin = 0
    if params.cursor is not None:
        # The cursor is the last tier seen: there are three, and they have their order from us.
        if params.cursor not in prices:
            raise BadCursor
        begin = list(prices).index(params.cursor) + 1
    shown = tiers[begin : begin + params.limit]
    more = begin + len(shown) < len(tiers)
    return Page(items=shown, next_cursor=shown[-1].tier if more else None)


@router.get("/users/me/subscription")
async def read_my_subscription(session: Session, user: CurrentUser) -> SubscriptionOut:
    """My subscription."""
    found = await service.read(session, user.user_id)
    return SubscriptionOut.model_validate(
        {
            "tier": found.tier,
            "status": found.status,
            "effective_tier": effective_tier(found.tier, found.status, found.end_date, now()),
            "start_date": found.start_date,
            "end_date": found.end_date,
            "is_auto_renew": found.is_auto_renew,
            "last_payment_date": found.last_payment_date,
            "payment_method": found.payment_method,
        }
    )
