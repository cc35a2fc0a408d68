"""Refunds, disputes, and customers who leave."""

from datetime import timedelta
from decimal import Decimal

import pytest
from chassis.db import now
from chassis.testing import Published
from identity.billing.testing import Desk, changes, slug, subscribe_over_http
from identity.payments.stripe import KEY
from identity.testing import MakePerson, Person

from .server import StripeServer
from .webhooks import Webhooks, tier


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
