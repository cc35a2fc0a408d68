"""The tiers, and one's own subscription."""

from datetime import timedelta
from typing import Annotated, Any, cast

from chassis.db import Database, now
from chassis.pagination import BadCursor, Page, PageParams
from chassis.web import CurrentUser, Router, Session
from fastapi import Query, Response
from sqlalchemy.ext.asyncio import AsyncSession

from identity.billing import service, subscribing
from identity.billing.dependencies import PaymentProvider
from identity.billing.rules import DESCRIPTIONS
from identity.billing.schemas import ProviderMethodIn, SubscribeIn, SubscriptionOut, Tier, TierOut
from identity.billing.subscribing import Wish
from identity.dependencies import Config, Transactions
from identity.payments import service as payments
from identity.payments.errors import AnotherProvider
from identity.payments.port import Provider
from identity.settings import Settings

router = Router(prefix="/api/v1", tags=["subscriptions"])


@router.get("/subscription-tiers", response_model=Page[TierOut])
async def list_subscription_tiers(settings: Config, params: Annotated[PageParams, Query()]) -> Page[TierOut]:
    """What there is to subscribe to, the least first."""
    prices = service.prices(settings)
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
async def read_my_subscription(session: Session, user: CurrentUser, settings: Config) -> SubscriptionOut:
    """My subscription, and the payment for it that is on its way."""
    return await _mine(session, settings, user.user_id)


@router.post(
    "/users/me/subscription",
    responses={
        202: {"model": SubscriptionOut, "description": "The provider has not answered yet: `open_payment`"},
        402: {"description": "Declined; to be confirmed first; or there is nothing to pay with"},
    },
)
async def subscribe(
    wish: SubscribeIn,
    user: CurrentUser,
    database: Transactions,
    provider: PaymentProvider,
    settings: Config,
    response: Response,
) -> SubscriptionOut:
    """Subscribe to a tier, go on with it, or change it.

    More than now is charged for the rest of the period and counts at once; less, and `free`, from the end of the
    period on. A new `payment_method` for the tier one has is kept for its renewals, and nothing is charged. A 402 of
    type payment-confirmation-required says what the payment is confirmed with; the tier counts once it is.
    """
    method = _token(wish.payment_method, provider)
    waits = await subscribing.subscribe(database, provider, settings, Wish(user.user_id, wish.tier, method))
    if waits is not None:
        response.status_code = 202
    return await _read(database, settings, user.user_id)


@router.post("/users/me/subscription/cancel")
async def cancel_subscription(
    user: CurrentUser, database: Transactions, provider: PaymentProvider, settings: Config
) -> SubscriptionOut:
    """Have it not renewed: the tier lasts to the end of what is paid. A second time changes nothing."""
    await subscribing.cancel(database, provider, settings, user.user_id)
    return await _read(database, settings, user.user_id)


def _token(given: str | ProviderMethodIn | None, provider: Provider) -> str | None:
    if not isinstance(given, ProviderMethodIn):
        return given
    if given.provider != provider.name:
        raise AnotherProvider(f"Payments are taken through {provider.name}.")
    return given.token


async def _read(database: Database, settings: Settings, user_id: int) -> SubscriptionOut:
    async with database.transaction() as session:
        return await _mine(session, settings, user_id)


async def _mine(session: AsyncSession, settings: Settings, user_id: int) -> SubscriptionOut:
    found = await service.read(session, user_id)
    under_way = await payments.open_of(session, user_id)
    until = None
    if found.status == "past_due" and found.end_date is not None:
        until = found.end_date + timedelta(days=settings.dunning_days)
    derived: dict[str, Any] = {
        "effective_tier": service.standing_of(found).counts(now()),
        "past_due_until": until,
        "open_payment": under_way,
    }
    kept = {name: getattr(found, name) for name in SubscriptionOut.model_fields if name not in derived}
    return SubscriptionOut.model_validate(kept | derived)
