"""Cards that are charged, refused, confirmed and changed."""

import json
from datetime import timedelta

import pytest
from chassis.db import now
from chassis.testing import Published, ServiceUnderTest
from fastapi import FastAPI
from identity.billing.testing import Desk, changes, slug, subscribe_over_http
from identity.payments.configured import provider_of
from identity.payments.stripe import KEY
from identity.settings import Settings
from identity.testing import MakePerson, Postbox
from pydantic import SecretStr, ValidationError

from .server import StripeServer
from .webhooks import DAY, Webhooks, tier


async def test_a_card_is_charged_and_kept(
    join: MakePerson, at_stripe: StripeServer, desk: Desk, published: Published
) -> None:
    ada = await join("ada")
    answer = await subscribe_over_http(ada, "premium", "pm_card_visa")
    assert answer.status_code == 200, answer.text
    assert answer.json()["payment_method"] == "visa 4242"
    (asked,) = at_stripe.asked("POST", "/v1/payment_intents")
    (payment,) = await desk.payments()
    assert (asked.form["amount"], asked.form["currency"]) == ("2900", "usd")
    assert asked.headers["idempotency-key"] == payment.payment_key
    assert asked.form["metadata"] == {KEY: payment.payment_key}
    # Nothing of the person leaves the house.
    (customer,) = at_stripe.asked("POST", "/v1/customers")
    assert list(customer.form) == ["metadata"]
    assert "example.com" not in json.dumps([one.form for one in at_stripe.requests])
    receipt = (await ada.get("/users/me/payments")).json()["items"][0]["receipt"]
    assert receipt["url"] == "https://pay.stripe.com/receipts/pi_1"
    assert receipt["amount"] == "29.00"

    user_id = int((await ada.me())["id"])
    end = (await desk.subscription(user_id)).end_date
    assert end is not None
    await desk.run(end - DAY)
    renewal = at_stripe.asked("POST", "/v1/payment_intents")[-1]
    assert renewal.form["off_session"] == "true"
    assert renewal.form["payment_method"] == "pm_card_visa_1"
    assert renewal.headers["idempotency-key"] != payment.payment_key
    assert at_stripe.charges == [2900, 2900]
    assert len(at_stripe.customers) == 1
    assert changes(await published(), since=1) == [("premium", "active", True)] * 2


@pytest.mark.parametrize(
    ("method", "refusal", "code"),
    [
        ("pm_card_declined", (402, "payment-declined"), "generic_decline"),
        ("pm_unknown", (422, "payment-method-unknown"), None),
    ],
)
async def test_what_stripe_refuses(
    join: MakePerson, at_stripe: StripeServer, method: str, refusal: tuple[int, str], code: str | None
) -> None:
    ada = await join("ada")
    answer = await subscribe_over_http(ada, "premium", method)
    assert slug(answer) == refusal
    assert answer.json().get("code") == code
    assert await tier(ada) == "free"
    assert at_stripe.charges == []


async def test_another_ones_card_is_refused(join: MakePerson, at_stripe: StripeServer) -> None:
    ada, eve = await join("ada"), await join("eve")
    await subscribe_over_http(ada, "basic", "pm_card_visa")
    assert slug(await subscribe_over_http(eve, "basic", "pm_card_visa_1")) == (422, "payment-method-unknown")
    assert at_stripe.charges == [900]


async def test_a_bank_that_asks_the_payer(
    join: MakePerson, at_stripe: StripeServer, webhooks: Webhooks, desk: Desk
) -> None:
    ada = await join("ada")
    answer = await subscribe_over_http(ada, "premium", "pm_card_3ds")
    assert slug(answer) == (402, "payment-confirmation-required")
    assert answer.json()["confirmation"] == {"client_secret": "pi_1_secret_x"}
    assert answer.json()["provider"] == "stripe"
    intent = at_stripe.confirm_as_payer("pi_1")
    told = await webhooks.send("payment_intent.succeeded", intent)
    assert (await ada.get("/users/me/subscription")).json()["payment_method"] == "visa 3155"
    assert (told.status_code, told.json()) == (200, {"received": True})
    assert await tier(ada) == "premium"
    user_id = int((await ada.me())["id"])
    end = (await desk.subscription(user_id)).end_date
    assert end is not None
    await desk.run(end - DAY)
    assert at_stripe.charges == [2900, 2900]


async def test_a_confirmation_nobody_told_of_is_found(
    join: MakePerson, at_stripe: StripeServer, desk: Desk
) -> None:
    """The webhook's endpoint was down."""
    ada = await join("ada")
    await subscribe_over_http(ada, "premium", "pm_card_3ds")
    at_stripe.confirm_as_payer("pi_1")
    await desk.run(now() + timedelta(minutes=10))
    assert await tier(ada) == "premium"
    assert (await ada.get("/users/me/subscription")).json()["payment_method"] == "visa 3155"


async def test_another_wish_cancels_the_intent_unless_it_was_paid(
    join: MakePerson, at_stripe: StripeServer
) -> None:
    ada, bob = await join("ada"), await join("bob")
    await subscribe_over_http(ada, "premium", "pm_card_3ds")
    assert (await subscribe_over_http(ada, "basic", "pm_card_visa")).status_code == 200
    assert at_stripe.intents["pi_1"]["status"] == "canceled"
    assert at_stripe.charges == [900]
    # Confirmed a moment before: it counts, and the other wish is a change of it.
    await subscribe_over_http(bob, "premium", "pm_card_3ds")
    at_stripe.confirm_as_payer("pi_3")
    changed = (await subscribe_over_http(bob, "basic")).json()
    assert (changed["tier"], changed["next_tier"]) == ("premium", "basic")
    assert at_stripe.charges == [900, 2900]


async def test_a_renewal_that_wants_the_payer(
    join: MakePerson, at_stripe: StripeServer, webhooks: Webhooks, desk: Desk, postbox: Postbox
) -> None:
    ada = await join("ada")
    await subscribe_over_http(ada, "premium", "pm_card_always_3ds")
    await webhooks.send("payment_intent.succeeded", at_stripe.confirm_as_payer("pi_1"))
    user_id = int((await ada.me())["id"])
    end = (await desk.subscription(user_id)).end_date
    assert end is not None
    await postbox.collect()
    await desk.run(end - DAY)
    (mail,) = await postbox.collect()
    assert mail["Subject"] == "Your bank wants you to confirm a payment"
    failed = (await desk.payments())[-1]
    assert (failed.status, failed.failure_code, failed.provider_payment_id) == (
        "failed",
        "authentication_required",
        "pi_2",
    )


async def test_a_card_confirmed_too_late_revives_nothing(
    join: MakePerson, at_stripe: StripeServer, webhooks: Webhooks, desk: Desk
) -> None:
    ada = await join("ada")
    await subscribe_over_http(ada, "basic", "pm_card_visa")
    await subscribe_over_http(ada, "basic", "pm_card_3ds")
    user_id = int((await ada.me())["id"])
    await desk.set_back(user_id, status="expired", is_auto_renew=False, renew_at=None, end_date=now())
    await webhooks.send("setup_intent.succeeded", at_stripe.confirm_as_payer("seti_2"))
    await desk.run(now() + timedelta(minutes=1))
    assert (await desk.subscription(user_id)).status == "expired"
    assert at_stripe.charges == [900]


async def test_a_card_is_changed_without_a_charge(
    join: MakePerson, at_stripe: StripeServer, webhooks: Webhooks
) -> None:
    ada = await join("ada")
    await subscribe_over_http(ada, "basic", "pm_card_visa")
    assert slug(await subscribe_over_http(ada, "basic", "pm_card_3ds")) == (
        402,
        "payment-confirmation-required",
    )
    (asked,) = at_stripe.asked("POST", "/v1/setup_intents")
    assert asked.form["usage"] == "off_session"
    intent = at_stripe.confirm_as_payer("seti_2")
    assert (await webhooks.send("setup_intent.succeeded", intent)).status_code == 200
    assert at_stripe.charges == [900]
    customer = await ada.get("/users/me/subscription")
    assert customer.json()["open_payment"] is None


def test_stripe_takes_its_keys(service: ServiceUnderTest) -> None:
    with pytest.raises(ValidationError, match="IDENTITY_STRIPE_WEBHOOK_SECRET"):
        service.settings(payment_provider="stripe", stripe_secret_key="sk_live_x")


async def test_a_wrong_key_is_not_the_payers_fault(
    join: MakePerson, app: FastAPI, settings: Settings, at_stripe: StripeServer
) -> None:
    wrong = settings.model_copy(update={"stripe_secret_key": SecretStr("sk_test_wrong")})
    app.state.payment_provider = provider_of(wrong, app.state.database)
    ada = await join("ada")
    assert slug(await subscribe_over_http(ada, "premium", "pm_card_visa")) == (503, "unavailable")
    assert "sk_test" not in (await subscribe_over_http(ada, "premium", "pm_card_visa")).text
    assert at_stripe.charges == []
