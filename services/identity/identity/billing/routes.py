"""The tiers, and one's own subscription."""

from decimal import Decimal
from typing import Annotated, cast

from chassis.db import now
from chassis.pagination import Page, PageParams
from chassis.web import CurrentUser, Router, Session
from fastapi import Query

from identity.billing import service
from identity.billing.rules import DESCRIPTIONS, effective_tier
from identity.billing.schemas import SubscriptionOut, Tier, TierOut
from identity.dependencies import Config

router = Router(prefix="/api/v1", tags=["subscriptions"])


@router.get("/subscription-tiers", response_model=Page[TierOut])
async def list_subscription_tiers(settings: Config, _params: Annotated[PageParams, Query()]) -> Page[TierOut]:
    """What there is to subscribe to; all on one page."""
    prices = {"free": Decimal(0), "basic": settings.basic_price, "premium": settings.premium_price}
    tiers = [
        TierOut(
            tier=cast("Tier", tier), price=price, currency=settings.currency, description=DESCRIPTIONS[tier]
        )
        for tier, price in prices.items()
    ]
    return Page(items=tiers)


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
