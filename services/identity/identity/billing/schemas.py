"""The subscription as its owner sees it, and what was paid for it."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

from chassis.pagination import PageParams
from chassis.schemas import Identifier, InputModel, Instant, Money, OutputModel
from pydantic import ConfigDict, Field

Tier = Literal["free", "basic", "premium"]
Token = Annotated[
    str,
    Field(min_length=1, max_length=200, pattern=r"^[A-Za-z0-9_-]+$", examples=["tok_ok"]),
]


class ProviderMethodIn(InputModel):
    """A payment method, and the provider it is of."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"provider": "sandbox", "token": "tok_ok"}]})

    provider: Literal["sandbox", "stripe"]
    token: Token


class SubscribeIn(InputModel):
    """The tier that is wanted. `payment_method` is what the configured provider gave the client to pay with, never a
    card: one of the sandbox's test tokens, or Stripe's `pm_...`; left out, it is the one that paid before. With
    `{"provider", "token"}` the client also says whose it is."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"tier": "premium", "payment_method": "tok_ok"}]}
    )

    tier: Tier
    payment_method: Token | ProviderMethodIn | None = None


class ConfirmationOut(OutputModel):
    """What a waiting payment is confirmed with: Stripe's client secret; the sandbox's address for testers."""

    client_secret: str = Field(examples=["pi_3Q_secret_x"])
    confirm_url: str | None = Field(None, description='The sandbox\'s alone: POST {"agrees": true} to it.')


class OpenPaymentOut(OutputModel):
    """A payment that is still on its way. `confirming` waits for you, `pending` for the provider."""

    id: int
    tier: Tier
    amount: Money
    currency: str = Field(examples=["USD"])
    status: Literal["pending", "confirming"]
    provider: str = Field(examples=["sandbox"])
    confirmation: ConfirmationOut | None


class SubscriptionOut(OutputModel):
    """My subscription. `effective_tier` is what counts now; a new access token carries it."""

    tier: Tier
    status: Literal["active", "cancelled", "past_due", "expired"]
    effective_tier: Tier
    start_date: Instant
    end_date: Instant | None = Field(description="Exclusive; null for no end.")
    is_auto_renew: bool
    next_tier: Tier | None = Field(description="From the end of the period on, where it is another.")
    past_due_until: Instant | None = Field(description="When it expires, unless the payment is repaired.")
    last_payment_date: Instant | None
    payment_method: str | None = Field(examples=["sandbox tok_ok"])
    open_payment: OpenPaymentOut | None


class TierOut(OutputModel):
    """What a tier costs a month and gives."""

    tier: Tier
    price: Money = Field(description="A month, in the platform currency.")
    currency: str = Field(examples=["USD"])
    description: str = Field(examples=["Every course that is free."])


class ReceiptOut(OutputModel):
    """The provider's word for a payment. The sandbox's `signature` is an HMAC-SHA256 over every other member it signed;
    Stripe's `url` leads to its own page."""

    provider: str = Field(examples=["sandbox"])
    payment_id: str = Field(examples=["pi_0199"])
    amount: str = Field(examples=["29.00"])
    currency: str = Field(examples=["USD"])
    at: datetime
    signature: str | None = None
    url: str | None = None


class RefundOut(OutputModel):
    """Money on its way back, or there."""

    id: int
    amount: Money
    status: Literal["pending", "succeeded", "failed"]
    created_at: Instant
    settled_at: Instant | None


class PaymentOut(OutputModel):
    """Money asked for. `returned`: it was paid when it could buy nothing any more, and goes back."""

    id: int
    kind: Literal["start", "upgrade", "renewal", "method"]
    tier: Tier
    amount: Money
    currency: str = Field(examples=["USD"])
    status: Literal["pending", "confirming", "succeeded", "returned", "failed", "cancelled"]
    failure_code: str | None = Field(examples=[None, "card_declined"])
    refunded_amount: Money
    period_start: Instant | None
    period_end: Instant | None
    provider: str = Field(examples=["sandbox"])
    method_label: str | None = Field(examples=["visa 4242"])
    created_at: Instant
    settled_at: Instant | None
    receipt: ReceiptOut | None
    refunds: list[RefundOut]


class PaymentForStaff(PaymentOut):
    """A payment as the staff sees it."""

    user_id: int
    provider_payment_id: str | None = Field(examples=["pi_0199"])
    dispute: Literal["open", "won", "lost"] | None


class PaymentListParams(PageParams):
    user_id: Annotated[Identifier | None, Field(description="Of this person alone.")] = None


Amount = Annotated[Decimal, Field(gt=0, max_digits=12, decimal_places=2, examples=["29.00"])]


class RefundIn(InputModel):
    """What is paid back: all that is left of the payment, unless `amount` says less."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "asked for within two days"}]})

    amount: Amount | None = None
    reason: Annotated[str, Field(min_length=1, max_length=500, examples=["asked for within two days"])]
    ends_subscription: bool = Field(False, description="Whether the tier ends at once.")


class SandboxDecisionIn(InputModel):
    """What the payer says to their bank."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"agrees": True}]})

    agrees: bool


class NoticeTaken(OutputModel):
    """The notice was handled, or needs no handling."""

    received: bool = True


def told(row: Any, refunds: Any) -> dict[str, Any]:
    """A payment's row as what PaymentOut and PaymentForStaff are made of."""
    return {name: getattr(row, name) for name in PaymentForStaff.model_fields if name != "refunds"} | {
        "refunds": list(refunds)
    }
