"""Webhooks: only Stripe's, once, and in any order."""

import asyncio
import time
from datetime import timedelta
from decimal import Decimal

import httpx
from chassis.db import now
from chassis.testing import Published
from identity.billing.testing import Desk, changes, slug, subscribe_over_http
from identity.testing import MakePerson, Postbox

from .server import WEBHOOK_SECRET, StripeServer
from .webhooks import WEBHOOK, Webhooks, signature, tier


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
