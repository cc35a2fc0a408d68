"""Stripe, by its own library over real HTTP, against a server that behaves as its documentation says."""

import asyncio
import hashlib
import hmac
import json
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest
from chassis.db import Database, now
from chassis.testing import Published, ServiceUnderTest, serving
from fastapi import FastAPI
from identity.payments.configured import provider_of
from identity.payments.stripe import KEY
from identity.settings import Settings
from identity.testing import MakePerson, Person, Postbox
from pydantic import SecretStr, ValidationError

from .desk import Desk, changes, slug, subscribe_over_http
from .stripe_server import SECRET_KEY, WEBHOOK_SECRET, StripeServer

# The library hands httpx its form in a way that httpx deprecates.
pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")

WEBHOOK = "/api/v1/payments/webhooks/stripe"
DAY = timedelta(days=1)


@pytest.fixture
async def stripe_server() -> AsyncIterator[tuple[StripeServer, str]]:
    server = StripeServer()
    async with serving(server) as url:
        yield server, url


@pytest.fixture
def at_stripe(stripe_server: tuple[StripeServer, str]) -> StripeServer:
    return stripe_server[0]


@pytest.fixture
async def settings(settings: Settings, stripe_server: tuple[StripeServer, str]) -> Settings:
    return settings.model_copy(
        update={
            "payment_provider": "stripe",
            "stripe_secret_key": SecretStr(SECRET_KEY),
            "stripe_webhook_secret": SecretStr(WEBHOOK_SECRET),
            "stripe_api_base": stripe_server[1],
            "payment_timeout_seconds": 1.0,
        }
    )


@pytest.fixture
async def desk(database: Database, settings: Settings) -> AsyncIterator[Desk]:
    provider = provider_of(settings, database)
    yield Desk(database, settings, provider)
    await provider.close()


def signature(body: bytes, *, at: int | None = None, secret: str = WEBHOOK_SECRET) -> dict[str, str]:
    """Stripe's scheme, from its documentation: HMAC-SHA256 of `{timestamp}.{body}`."""
    sent = int(time.time()) if at is None else at
    mac = hmac.new(secret.encode(), f"{sent}.".encode() + body, hashlib.sha256).hexdigest()
    return {
        "Stripe-Signature": f"t={sent},v1={mac},v0=6ffbb59b2300aae63f272406069a9788598b792a944a07aba816edb039989a39"
    }


@dataclass
class Webhooks:
    client: httpx.AsyncClient
    server: StripeServer

    async def send(self, what: str, told: Any, event_id: str = "evt_1") -> httpx.Response:
        body = self.server.event(what, told, event_id)
        return await self.client.post(WEBHOOK, content=body, headers=signature(body))


@pytest.fixture
def webhooks(client: httpx.AsyncClient, at_stripe: StripeServer) -> Webhooks:
    return Webhooks(client, at_stripe)


async def tier(person: Person) -> str:
    found: str = (await person.get("/users/me/subscription")).json()["effective_tier"]
    return found


# --- the everyday -------------------------------------------------------------------------------------------


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


# --- answers that are lost ----------------------------------------------------------------------------------


@pytest.mark.parametrize("trouble", ["times_out", "server_error"])
async def test_a_charge_whose_answer_is_lost_is_found_and_not_repeated(
    join: MakePerson, at_stripe: StripeServer, desk: Desk, published: Published, trouble: str
) -> None:
    ada = await join("ada")
    at_stripe.troubles = [trouble]
    answer = await subscribe_over_http(ada, "premium", "pm_card_visa")
    assert answer.status_code == 202, answer.text
    assert answer.json()["open_payment"]["status"] == "pending"
    assert await tier(ada) == "free"
    # Who asks again is told the same, and who wants something else to wait; nothing is charged.
    assert (await subscribe_over_http(ada, "premium", "pm_card_visa")).status_code == 202
    assert slug(await subscribe_over_http(ada, "basic", "pm_card_visa")) == (409, "payment-in-progress")
    await desk.run(now() + timedelta(minutes=3))
    await desk.run(now() + timedelta(minutes=30))
    assert await tier(ada) == "premium"
    assert at_stripe.charges == [2900]
    assert len(at_stripe.asked("POST", "/v1/payment_intents")) == 1
    assert changes(await published(), since=1) == [("premium", "active", True)]


async def test_what_never_arrived_is_given_up(join: MakePerson, at_stripe: StripeServer, desk: Desk) -> None:
    ada = await join("ada")
    at_stripe.troubles = ["never_arrives"]
    assert (await subscribe_over_http(ada, "premium", "pm_card_visa")).status_code == 202
    await desk.run(now() + timedelta(minutes=3))
    assert (await desk.payments())[0].status == "pending", "it may still be on its way"
    await desk.run(now() + timedelta(minutes=20))
    assert (await desk.payments())[0].status == "cancelled"
    assert (await subscribe_over_http(ada, "premium", "pm_card_visa")).status_code == 200
    assert at_stripe.charges == [2900]


async def test_too_many_requests_are_nobodys_failure_to_pay(
    join: MakePerson, at_stripe: StripeServer, desk: Desk, postbox: Postbox
) -> None:
    ada = await join("ada")
    at_stripe.troubles = ["rate_limit"]
    answer = await subscribe_over_http(ada, "premium", "pm_card_visa")
    assert slug(answer) == (503, "unavailable")
    assert answer.headers["Retry-After"] == "30"
    assert (await subscribe_over_http(ada, "premium", "pm_card_visa")).status_code == 200
    user_id = int((await ada.me())["id"])
    end = (await desk.subscription(user_id)).end_date
    assert end is not None
    await postbox.collect()
    at_stripe.troubles = ["rate_limit"]
    await desk.run(end - DAY)
    assert await postbox.collect() == []
    assert (await desk.subscription(user_id)).failed_renewals == 0
    await desk.run(end - DAY + timedelta(minutes=10))
    assert at_stripe.charges == [2900, 2900]


async def test_a_renewal_whose_answer_is_lost(join: MakePerson, at_stripe: StripeServer, desk: Desk) -> None:
    ada = await join("ada")
    await subscribe_over_http(ada, "premium", "pm_card_visa")
    user_id = int((await ada.me())["id"])
    end = (await desk.subscription(user_id)).end_date
    assert end is not None
    at_stripe.troubles = ["times_out"]
    await desk.run(end - DAY)
    for minutes in (1, 5, 10, 16, 30):
        await desk.run(end - DAY + timedelta(minutes=minutes))
    assert at_stripe.charges == [2900, 2900]
    renewed = (await desk.subscription(user_id)).end_date
    assert renewed is not None
    assert renewed > end


async def test_the_notice_is_there_before_the_answer(
    join: MakePerson, at_stripe: StripeServer, webhooks: Webhooks, published: Published, postbox: Postbox
) -> None:
    ada = await join("ada")
    await postbox.collect()
    seen: list[int] = []

    async def tell(intent: dict[str, Any]) -> None:
        bare = at_stripe.intents[intent["id"]]
        seen.append((await webhooks.send("payment_intent.succeeded", bare)).status_code)

    at_stripe.before_answer = tell
    answer = await subscribe_over_http(ada, "premium", "pm_card_visa")
    assert (answer.status_code, seen) == (200, [200])
    assert changes(await published(), since=1) == [("premium", "active", True)]
    assert len(await postbox.collect()) == 1
    assert len((await ada.get("/users/me/payments")).json()["items"]) == 1


# --- notices ------------------------------------------------------------------------------------------------


async def test_only_what_stripe_signed_is_believed(
    join: MakePerson, client: httpx.AsyncClient, at_stripe: StripeServer
) -> None:
    ada = await join("ada")
    await subscribe_over_http(ada, "premium", "pm_card_3ds")
    paid = {**at_stripe.intents["pi_1"], "status": "succeeded", "amount_received": 2900}
    body = at_stripe.event("payment_intent.succeeded", paid)
    good = signature(body)["Stripe-Signature"]
    far = int(time.time())
    forged: list[tuple[bytes, dict[str, str]]] = [
        (body, {}),
        (body, {"Stripe-Signature": ""}),
        (body, {"Stripe-Signature": "t=1,v1=00"}),
        (body, {"Stripe-Signature": good.replace("v1=", "v2=")}),
        (body, {"Stripe-Signature": good.replace("t=", "t=9")}),
        (body, {"Stripe-Signature": f"t={far + 1}," + good.split(",", 1)[1]}),
        (body, {"Stripe-Signature": f"t=1,{good}"}),
        (body, {"Stripe-Signature": "t=,v1="}),
        (body, {"Stripe-Signature": "t=x" + good}),
        (body, signature(body, secret="whsec_other")),
        (body, signature(body, at=far - 301)),
        (body, signature(body, at=far + 330)),
        (body + b" ", {"Stripe-Signature": good}),
        (body.replace(b"2900", b"2901"), {"Stripe-Signature": good}),
        (body, {"Sandbox-Signature": good}),
        (b"\xff\xfe", signature(body)),
    ]
    for sent, headers in forged:
        answer = await client.post(WEBHOOK, content=sent, headers=headers)
        assert slug(answer) == (400, "payment-notice-not-genuine"), headers
    for nonsense in (b"", b"[]", b"{}", b'{"id": "evt_1", "type": "x"}', b"not json", b"\xff"):
        answer = await client.post(WEBHOOK, content=nonsense, headers=signature(nonsense))
        assert slug(answer) == (400, "payment-notice-not-genuine"), nonsense
    assert await tier(ada) == "free"
    assert (
        await client.post(WEBHOOK, content=body, headers=signature(body, at=far - 290))
    ).status_code == 200
    assert await tier(ada) == "premium"


def test_our_reading_of_a_signature_is_stripes() -> None:
    """The library makes what we take, and takes what we make."""
    import stripe
    from identity.payments.rules import is_signed, sign_notice

    body, at = '{"id": "evt_1", "name": "Zoë"}', int(time.time())
    made = stripe.WebhookSignature.generate_signature_header(body, WEBHOOK_SECRET, at)
    assert is_signed([WEBHOOK_SECRET.encode()], body.encode(), made, at)
    ours = sign_notice(WEBHOOK_SECRET.encode(), body.encode(), at)
    assert stripe.WebhookSignature.verify_header(body, ours, WEBHOOK_SECRET, 300)


async def test_a_notice_has_a_bound_and_a_provider(client: httpx.AsyncClient) -> None:
    body = b" " * (256 * 1024 + 1)
    assert slug(await client.post(WEBHOOK, content=body, headers=signature(body))) == (
        413,
        "payload-too-large",
    )
    elsewhere = await client.post(
        "/api/v1/payments/webhooks/sandbox", content=b"{}", headers=signature(b"{}")
    )
    assert slug(elsewhere) == (404, "payment-not-found")
    assert (await client.post("/api/v1/payments/webhooks/paypal", content=b"{}")).status_code == 422


async def test_an_event_counts_once_however_often_it_comes(
    join: MakePerson, at_stripe: StripeServer, webhooks: Webhooks, published: Published, postbox: Postbox
) -> None:
    ada = await join("ada")
    await subscribe_over_http(ada, "premium", "pm_card_3ds")
    await postbox.collect()
    intent = at_stripe.confirm_as_payer("pi_1")
    answers = await asyncio.gather(
        *(webhooks.send("payment_intent.succeeded", intent, f"evt_{n % 2}") for n in range(6))
    )
    assert {one.status_code for one in answers} == {200}
    assert changes(await published(), since=1) == [("premium", "active", True)]
    assert len(await postbox.collect()) == 1


async def test_events_out_of_order(
    join: MakePerson, at_stripe: StripeServer, webhooks: Webhooks, desk: Desk
) -> None:
    """Paid is paid, though an older failure arrives later; and given up can still turn out to be paid."""
    ada = await join("ada")
    await subscribe_over_http(ada, "premium", "pm_card_3ds")
    stale = {**at_stripe.intents["pi_1"], "status": "requires_payment_method"}
    intent = dict(at_stripe.confirm_as_payer("pi_1"))
    await webhooks.send("payment_intent.payment_failed", stale, "evt_1")
    assert await tier(ada) == "free"
    await webhooks.send("payment_intent.succeeded", intent, "evt_2")
    assert await tier(ada) == "premium"
    await webhooks.send("payment_intent.payment_failed", stale, "evt_3")
    await webhooks.send("payment_intent.canceled", {**stale, "status": "canceled"}, "evt_4")
    assert await tier(ada) == "premium"
    assert [one.status for one in await desk.payments()] == ["succeeded"]


async def test_what_is_not_ours_is_none_of_our_business(
    client: httpx.AsyncClient, webhooks: Webhooks, at_stripe: StripeServer, desk: Desk
) -> None:
    stranger = {"id": "pi_99", "status": "succeeded", "currency": "usd", "created": 1, "metadata": {}}
    assert (await webhooks.send("payment_intent.succeeded", stranger, "evt_1")).status_code == 200
    assert (await webhooks.send("customer.created", {"id": "cus_9"}, "evt_2")).status_code == 200
    assert (await webhooks.send("invoice.paid", {"id": "in_9"}, "evt_3")).status_code == 200
    assert await desk.payments() == []


async def test_another_sum_than_was_asked_for_buys_nothing(
    join: MakePerson, at_stripe: StripeServer, webhooks: Webhooks
) -> None:
    ada = await join("ada")
    await subscribe_over_http(ada, "premium", "pm_card_3ds")
    odd = {**at_stripe.confirm_as_payer("pi_1"), "amount_received": 100}
    assert (await webhooks.send("payment_intent.succeeded", odd)).status_code == 500
    assert await tier(ada) == "free"


async def test_paid_when_it_can_buy_nothing_it_goes_back(
    join: MakePerson, at_stripe: StripeServer, webhooks: Webhooks, desk: Desk, postbox: Postbox
) -> None:
    """A payment failed at the payer's bank; they subscribed with another card; then the first one went through."""
    ada = await join("ada")
    await subscribe_over_http(ada, "premium", "pm_card_3ds")
    stale = {**at_stripe.intents["pi_1"], "status": "requires_payment_method"}
    await webhooks.send("payment_intent.payment_failed", stale, "evt_1")
    await subscribe_over_http(ada, "premium", "pm_card_visa")
    await webhooks.send("payment_intent.succeeded", at_stripe.confirm_as_payer("pi_1"), "evt_2")
    await postbox.collect()
    at_stripe.troubles = ["times_out"]
    await desk.run(now())
    await desk.run(now() + timedelta(minutes=6))
    await desk.run(now() + timedelta(minutes=12))
    assert [one["amount"] for one in at_stripe.refunds.values()] == [2900]
    first, second = await desk.payments()
    assert (first.status, first.refunded_amount, second.status) == ("returned", Decimal(29), "succeeded")
    (mail,) = await postbox.collect()
    assert mail["Subject"] == "We paid you back 29.00 USD"
    assert await tier(ada) == "premium"


# --- money back ---------------------------------------------------------------------------------------------


async def test_the_staff_pays_back(
    join: MakePerson, admin: Person, at_stripe: StripeServer, webhooks: Webhooks, desk: Desk
) -> None:
    ada = await join("ada")
    await subscribe_over_http(ada, "premium", "pm_card_visa")
    (payment,) = await desk.payments()
    answer = await admin.post(f"/payments/{payment.id}/refund", {"amount": "9.00", "reason": "outage"})
    assert (answer.status_code, answer.json()["status"]) == (200, "succeeded")
    (asked,) = at_stripe.asked("POST", "/v1/refunds")
    assert asked.form["amount"] == "900"
    assert asked.headers["idempotency-key"].startswith("lyceum-refund-")
    charge = {
        "id": "ch_pi_1",
        "payment_intent": "pi_1",
        "amount_refunded": 900,
        "currency": "usd",
        "metadata": {KEY: payment.payment_key},
    }
    await webhooks.send("charge.refunded", charge, "evt_1")
    assert (await desk.payments())[0].refunded_amount == Decimal(9)
    # The rest at Stripe's own desk.
    await webhooks.send("charge.refunded", {**charge, "amount_refunded": 2900}, "evt_2")
    assert (await desk.payments())[0].refunded_amount == Decimal(29)
    again = await admin.post(f"/payments/{payment.id}/refund", {"reason": "again"})
    assert slug(again) == (409, "payment-not-refundable")


@pytest.mark.parametrize("trouble", ["times_out", "never_arrives"])
async def test_a_refund_whose_answer_is_lost_is_made_once(
    join: MakePerson, admin: Person, at_stripe: StripeServer, desk: Desk, trouble: str
) -> None:
    ada = await join("ada")
    await subscribe_over_http(ada, "premium", "pm_card_visa")
    (payment,) = await desk.payments()
    at_stripe.troubles = [trouble]
    answer = await admin.post(f"/payments/{payment.id}/refund", {"reason": "asked"})
    assert (answer.status_code, answer.json()["status"]) == (202, "pending")
    await desk.run(now() + timedelta(minutes=3))
    await desk.run(now() + timedelta(minutes=10))
    assert [one["amount"] for one in at_stripe.refunds.values()] == [2900]
    assert (await desk.payments())[0].refunded_amount == Decimal(29)


async def test_a_dispute_ends_what_is_asked_for_and_lost_what_it_paid_for(
    join: MakePerson, at_stripe: StripeServer, webhooks: Webhooks, desk: Desk, published: Published
) -> None:
    ada = await join("ada")
    await subscribe_over_http(ada, "premium", "pm_card_visa")
    dispute = {"id": "dp_1", "payment_intent": "pi_1", "status": "needs_response"}
    await webhooks.send("charge.dispute.created", dispute, "evt_1")
    assert await tier(ada) == "premium"
    await webhooks.send("charge.dispute.closed", {**dispute, "status": "lost"}, "evt_2")
    assert await tier(ada) == "free"
    await webhooks.send("charge.dispute.updated", dispute, "evt_3")
    assert changes(await published(), since=2) == [
        ("premium", "cancelled", False),
        ("premium", "expired", False),
    ]
    (payment,) = await desk.payments()
    assert (payment.dispute, payment.refunded_amount) == ("lost", Decimal(29))


async def test_a_forgotten_customer_is_forgotten_at_stripe(
    join: MakePerson, at_stripe: StripeServer, desk: Desk
) -> None:
    from identity.billing import service

    ada = await join("ada")
    await subscribe_over_http(ada, "premium", "pm_card_visa")
    user_id = int((await ada.me())["id"])
    async with desk.database.transaction() as session:
        await service.forget(session, user_id, 999_999)
    await desk.run(now() + timedelta(minutes=1))
    await desk.run(now() + timedelta(minutes=10))
    assert at_stripe.customers == {}
    assert at_stripe.methods["pm_card_visa_1"]["customer"] is None
    assert len(at_stripe.asked("DELETE", "/v1/customers/cus_1")) == 1


# --- setting up ---------------------------------------------------------------------------------------------


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
