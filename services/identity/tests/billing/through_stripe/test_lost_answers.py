"""Answers of Stripe's that never came."""

from datetime import timedelta
from typing import Any

import pytest
from chassis.db import now
from chassis.testing import Published
from identity.billing.testing import Desk, changes, slug, subscribe_over_http
from identity.testing import MakePerson, Postbox

from .server import StripeServer
from .webhooks import DAY, Webhooks, tier


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
