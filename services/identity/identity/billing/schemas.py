"""The subscription as its owner sees it."""

from typing import Literal

from chassis.schemas import Instant, Money, OutputModel
from pydantic import Field

Tier = Literal["free", "basic", "premium"]


class SubscriptionOut(OutputModel):
    """My subscription. `effective_tier` is what counts now."""

    tier: Tier
    status: Literal["active", "cancelled", "past_due", "expired"]
    effective_tier: Tier
    start_date: Instant
    end_date: Instant | None = Field(description="Exclusive; null for no end.")
    is_auto_renew: bool
    last_payment_date: Instant | None
    payment_method: str | None = Field(examples=[None])


class TierOut(OutputModel):
    """What a tier costs a month and gives."""

    tier: Tier
    price: Money = Field(description="A month, in the platform currency.")
    currency: str = Field(examples=["USD"])
    description: str = Field(examples=["Every course that is free."])
