"""Subscribe, change, cancel and resume, over HTTP, with the sandbox's test tokens."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest
from chassis.db import now
from chassis.testing import Published
from identity.billing.testing import Desk, changes, slug, subscribe_over_http
from identity.settings import Settings
from identity.testing import MakePerson, Person, Postbox, text_of


async def mine(person: Person) -> dict[str, Any]:
    answer = await person.get("/users/me/subscription")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def my_payments(person: Person) -> list[dict[str, Any]]:
    answer = await person.get("/users/me/payments")
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def test_a_subscription_is_paid_told_and_receipted(
    join: MakePerson,
    desk: Desk,
    published: Published,
    postbox: Postbox,
    claims_of: Callable[[str], dict[str, Any]],
) -> None:
    ada = await join("ada")
    before = now()
    answer = await subscribe_over_http(ada, "premium", "tok_ok")
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert (told["tier"], told["status"], told["effective_tier"], told["is_auto_renew"]) == (
        "premium",
        "active",
        "premium",
        True,
    )
    assert told["payment_method"] == "sandbox tok_ok"
    assert told["open_payment"] is None
    assert told == await mine(ada)
    assert changes(await published()) == [("free", "active", False), ("premium", "active", True)]

    (payment,) = await my_payments(ada)
    assert (payment["amount"], payment["currency"], payment["status"], payment["kind"]) == (
        "29.00",
        "USD",
        "succeeded",
        "start",
    )
    assert payment["period_end"] == told["end_date"]
    assert payment["receipt"]["amount"] == "29.00"
    assert payment["receipt"]["signature"]
    assert await desk.taken() == Decimal(29)
    assert before <= (await desk.payments())[0].created_at <= now()

    mail = await postbox.one()
    assert mail["Subject"] == "Your receipt: 29.00 USD"
    assert "premium tier until" in text_of(mail)

    # The token of before says what counted then; the next one what counts now.
    assert claims_of(ada.access)["tier"] == "free"
    fresh = await ada.client.post("/api/v1/auth/refresh", json={"refresh": ada.refresh})
    assert claims_of(fresh.json()["access"])["tier"] == "premium"


async def test_the_method_may_be_given_with_its_provider(join: MakePerson, desk: Desk) -> None:
    ada = await join("ada")
    foreign = await subscribe_over_http(ada, "basic", {"provider": "stripe", "token": "pm_card_visa"})
    assert slug(foreign) == (422, "payment-provider-not-configured")
    assert (
        await subscribe_over_http(ada, "basic", {"provider": "sandbox", "token": "tok_ok"})
    ).status_code == 200
    assert await desk.taken() == Decimal(9)


@pytest.mark.parametrize(
    ("method", "status", "type_", "code"),
    [
        ("tok_declined", 402, "payment-declined", "card_declined"),
        ("tok_insufficient", 402, "payment-declined", "insufficient_funds"),
        ("tok_stolen", 422, "payment-method-unknown", None),
        ("pm_of_somebody_else", 422, "payment-method-unknown", None),
        (None, 402, "payment-method-missing", None),
    ],
)
async def test_no_money_no_tier(
    join: MakePerson,
    desk: Desk,
    published: Published,
    method: str | None,
    status: int,
    type_: str,
    code: str | None,
) -> None:
    ada = await join("ada")
    answer = await subscribe_over_http(ada, "premium", method)
    assert slug(answer) == (status, type_)
    assert answer.json().get("code") == code
    assert (await mine(ada))["effective_tier"] == "free"
    assert changes(await published()) == [("free", "active", False)]
    assert await desk.taken() == 0
    # And nothing of it is in the way of a good one.
    assert (await subscribe_over_http(ada, "premium", "tok_ok")).status_code == 200
    assert await desk.taken() == Decimal(29)


@pytest.mark.parametrize(
    "body",
    [
        {"tier": "gold", "payment_method": "tok_ok"},
        {"payment_method": "tok_ok"},
        {"tier": "basic", "payment_method": ""},
        {"tier": "basic", "payment_method": "x" * 201},
        {"tier": "basic", "payment_method": "4242 4242 4242 4242"},
        {"tier": "basic", "payment_method": {"token": "tok_ok"}},
        {"tier": "basic", "payment_method": {"provider": "sandbox", "token": "tok_ok", "amount": "0.01"}},
        {"tier": "basic", "payment_method": "tok_ok", "price": "0.01"},
        {"tier": "basic", "payment_method": 7},
    ],
)
async def test_what_has_no_form_is_refused(join: MakePerson, desk: Desk, body: Any) -> None:
    ada = await join("ada")
    assert (await ada.post("/users/me/subscription", body)).status_code == 422
    assert await desk.payments() == []


async def test_guests_subscribe_to_nothing(client: httpx.AsyncClient) -> None:
    for method, path in (
        ("POST", "/users/me/subscription"),
        ("POST", "/users/me/subscription/cancel"),
        ("GET", "/users/me/payments"),
        ("GET", "/payments"),
        ("POST", "/payments/1/refund"),
        ("POST", "/payments/sandbox/pi_1/confirm"),
    ):
        assert (await client.request(method, f"/api/v1{path}")).status_code == 401, path


async def test_five_at_once_are_one_charge(join: MakePerson, desk: Desk, published: Published) -> None:
    ada = await join("ada")
    answers = await asyncio.gather(*(subscribe_over_http(ada, "premium", "tok_ok") for _ in range(5)))
    # Who comes while the payment is on its way is told of it.
    assert {one.status_code for one in answers} <= {200, 202}
    assert 200 in {one.status_code for one in answers}
    for one in answers:
        on_its_way = one.json()["open_payment"]
        assert on_its_way is None or on_its_way["status"] == "pending"
    assert await desk.taken() == Decimal(29)
    assert await desk.charges() == 1
    assert len([tier for tier, *_ in changes(await published()) if tier == "premium"]) >= 1


async def test_the_same_key_is_the_same_answer(join: MakePerson, desk: Desk) -> None:
    ada = await join("ada")
    keyed = {**ada.headers, "Idempotency-Key": "once"}
    body = {"tier": "basic", "payment_method": "tok_ok"}
    first, second = [
        await ada.client.post("/api/v1/users/me/subscription", headers=keyed, json=body) for _ in range(2)
    ]
    assert first.status_code == second.status_code == 200
    assert second.headers["Idempotency-Replayed"] == "true"
    assert first.json() == second.json()
    assert await desk.charges() == 1


async def test_asking_again_charges_nothing_and_keeps_a_new_method(join: MakePerson, desk: Desk) -> None:
    ada = await join("ada")
    await subscribe_over_http(ada, "basic", "tok_expiring")
    before = await mine(ada)
    assert (await subscribe_over_http(ada, "basic")).json() == before
    again = (await subscribe_over_http(ada, "basic", "tok_ok")).json()
    assert again == {**before, "payment_method": "sandbox tok_ok"}
    assert await desk.taken() == Decimal(9)
    assert len(await my_payments(ada)) == 1, "saving a method is no payment"
    # A method that cannot be saved leaves the one there is.
    assert slug(await subscribe_over_http(ada, "basic", "tok_declined")) == (402, "payment-declined")
    assert (await mine(ada))["payment_method"] == "sandbox tok_ok"


async def test_cards_are_not_tried_here(join: MakePerson, settings: Settings, desk: Desk) -> None:
    ada = await join("ada")
    allowed = round(settings.payment_failures_per_hour * settings.limits_factor)
    for _ in range(allowed):
        assert (await subscribe_over_http(ada, "basic", "tok_declined")).status_code == 402
    refused = await subscribe_over_http(ada, "basic", "tok_ok")
    assert slug(refused) == (429, "too-many-requests")
    assert refused.headers["Retry-After"] == "3600"
    user_id = int((await ada.me())["id"])
    await desk.subscribe(user_id, "basic", "tok_ok", at=now() + timedelta(minutes=61))
    assert await desk.charges() == 1


# --- confirming ---------------------------------------------------------------------------------------------


async def waiting(person: Person, tier: str = "premium") -> dict[str, Any]:
    """The 402 of a payment that waits for its payer."""
    answer = await subscribe_over_http(person, tier, "tok_confirm")
    assert slug(answer) == (402, "payment-confirmation-required")
    told: dict[str, Any] = answer.json()
    return told


def path_of(told: dict[str, Any]) -> str:
    prefix = "http://lyceum.test/api/v1"
    url: str = told["confirmation"]["confirm_url"]
    assert url.startswith(prefix)
    return url.removeprefix(prefix)


async def test_a_payment_waits_for_its_payer(
    join: MakePerson, desk: Desk, published: Published, postbox: Postbox
) -> None:
    ada = await join("ada")
    told = await waiting(ada)
    assert told["confirmation"]["client_secret"]
    now_ = await mine(ada)
    assert now_["effective_tier"] == "free"
    assert now_["open_payment"]["status"] == "confirming"
    assert now_["open_payment"]["confirmation"] == told["confirmation"]
    assert now_["open_payment"]["id"] == told["payment_id"]
    # The same wish again is the same payment, not another.
    assert (await waiting(ada))["payment_id"] == told["payment_id"]
    assert await desk.taken() == 0

    confirmed = await ada.post(path_of(told), {"agrees": True})
    assert confirmed.status_code == 200, confirmed.text
    assert confirmed.json()["status"] == "succeeded"
    assert (await mine(ada))["effective_tier"] == "premium"
    assert (await mine(ada))["open_payment"] is None
    # Once more changes nothing: neither the books, nor the subscription, nor what is told.
    assert (await ada.post(path_of(told), {"agrees": False})).json()["status"] == "succeeded"
    assert await desk.taken() == Decimal(29)
    assert changes(await published()) == [("free", "active", False), ("premium", "active", True)]
    assert [mail["Subject"] for mail in await postbox.collect()] == ["Your receipt: 29.00 USD"]


async def test_a_payment_its_payer_refuses(join: MakePerson, desk: Desk) -> None:
    ada = await join("ada")
    told = await waiting(ada)
    refused = await ada.post(path_of(told), {"agrees": False})
    assert (refused.json()["status"], refused.json()["failure_code"]) == ("failed", "authentication_failed")
    assert (await mine(ada))["effective_tier"] == "free"
    assert await desk.taken() == 0
    assert (await subscribe_over_http(ada, "premium", "tok_ok")).status_code == 200


async def test_nobody_confirms_for_another(join: MakePerson, desk: Desk) -> None:
    ada, eve = await join("ada"), await join("eve")
    told = await waiting(ada)
    assert slug(await eve.post(path_of(told), {"agrees": True})) == (404, "payment-not-found")
    assert slug(await ada.post("/payments/sandbox/pi_none/confirm", {"agrees": True})) == (
        404,
        "payment-not-found",
    )
    assert await desk.taken() == 0


async def test_another_wish_withdraws_what_waits(join: MakePerson, desk: Desk) -> None:
    ada = await join("ada")
    told = await waiting(ada)
    assert (await subscribe_over_http(ada, "basic", "tok_ok")).status_code == 200
    # What was withdrawn cannot be confirmed any more.
    late = await ada.post(path_of(told), {"agrees": True})
    assert (late.status_code, late.json()["status"]) == (200, "cancelled")
    assert await desk.taken() == Decimal(9)
    assert (await mine(ada))["tier"] == "basic"


async def test_cancelling_withdraws_what_waits(join: MakePerson, desk: Desk) -> None:
    ada = await join("ada")
    told = await waiting(ada)
    answer = await ada.post("/users/me/subscription/cancel")
    assert (answer.status_code, answer.json()["open_payment"]) == (200, None)
    assert (await ada.post(path_of(told), {"agrees": True})).json()["status"] == "cancelled"
    assert await desk.taken() == 0


async def test_what_waits_too_long_is_given_up(join: MakePerson, desk: Desk) -> None:
    ada = await join("ada")
    told = await waiting(ada)
    await desk.run(now() + timedelta(hours=11))
    assert (await mine(ada))["open_payment"] is not None
    await desk.run(now() + timedelta(hours=13))
    assert (await mine(ada))["open_payment"] is None
    assert (await ada.post(path_of(told), {"agrees": True})).json()["status"] == "cancelled"
    assert await desk.taken() == 0


# --- changing -----------------------------------------------------------------------------------------------


async def test_more_is_had_at_once_for_the_difference(
    join: MakePerson, desk: Desk, published: Published
) -> None:
    ada = await join("ada")
    await subscribe_over_http(ada, "basic", "tok_ok")
    before = await mine(ada)
    answer = await subscribe_over_http(ada, "premium")
    assert answer.status_code == 200, answer.text
    after = answer.json()
    assert (after["tier"], after["end_date"], after["next_tier"]) == ("premium", before["end_date"], None)
    upgrade, _ = await my_payments(ada)
    # A moment into the month, the whole difference less that moment.
    assert (upgrade["kind"], upgrade["amount"]) == ("upgrade", "20.00")
    assert await desk.taken() == Decimal(29)
    assert changes(await published(), since=1) == [("basic", "active", True), ("premium", "active", True)]


async def test_less_is_had_from_the_end_on(join: MakePerson, desk: Desk, published: Published) -> None:
    ada = await join("ada")
    await subscribe_over_http(ada, "premium", "tok_ok")
    answer = await subscribe_over_http(ada, "basic")
    told = answer.json()
    assert (answer.status_code, told["tier"], told["next_tier"]) == (200, "premium", "basic")
    # It can be taken back.
    assert (await subscribe_over_http(ada, "premium")).json()["next_tier"] is None
    await subscribe_over_http(ada, "basic")
    user_id = (await ada.me())["id"]
    end = (await desk.subscription(user_id)).end_date
    assert end is not None
    await desk.run(end)
    renewed = await desk.subscription(user_id)
    assert (renewed.tier, renewed.next_tier, renewed.status) == ("basic", None, "active")
    assert await desk.taken() == Decimal(29 + 9)
    assert changes(await published())[-1] == ("basic", "active", True)


async def test_cancelled_it_lasts_and_can_be_resumed(
    join: MakePerson, desk: Desk, published: Published, postbox: Postbox
) -> None:
    ada = await join("ada")
    await subscribe_over_http(ada, "premium", "tok_ok")
    await postbox.collect()
    first = await ada.post("/users/me/subscription/cancel")
    told = first.json()
    assert (first.status_code, told["status"], told["is_auto_renew"], told["effective_tier"]) == (
        200,
        "cancelled",
        False,
        "premium",
    )
    assert (await ada.post("/users/me/subscription/cancel")).json() == told
    assert (await postbox.one())["Subject"] == "Your subscription is cancelled"

    resumed = await subscribe_over_http(ada, "premium")
    assert (resumed.status_code, resumed.json()["status"], resumed.json()["is_auto_renew"]) == (
        200,
        "active",
        True,
    )
    assert resumed.json()["end_date"] == told["end_date"]
    assert await desk.charges() == 1
    # `free` is another word for it.
    assert (await subscribe_over_http(ada, "free")).json()["status"] == "cancelled"
    assert changes(await published(), since=2) == [
        ("premium", "cancelled", False),
        ("premium", "active", True),
        ("premium", "cancelled", False),
    ]


async def test_cancelled_it_expires_and_is_bought_anew(
    join: MakePerson, desk: Desk, published: Published, postbox: Postbox
) -> None:
    ada = await join("ada")
    await subscribe_over_http(ada, "premium", "tok_ok")
    await ada.post("/users/me/subscription/cancel")
    await postbox.collect()
    user_id = (await ada.me())["id"]
    end = (await desk.subscription(user_id)).end_date
    assert end is not None
    await desk.run(end - timedelta(seconds=1))
    assert (await desk.subscription(user_id)).status == "cancelled"
    await desk.run(end)
    await desk.run(end + timedelta(days=400))
    assert (await desk.subscription(user_id)).status == "expired"
    assert await desk.charges() == 1
    assert changes(await published())[-1] == ("premium", "expired", False)
    assert (await postbox.one())["Subject"] == "Your subscription has expired"

    assert await desk.subscribe(user_id, "basic", at=end + timedelta(days=1)) is None
    renewed = await desk.subscription(user_id)
    assert (renewed.tier, renewed.status, renewed.start_date) == ("basic", "active", end + timedelta(days=1))


async def test_nothing_of_a_free_account_is_cancelled(join: MakePerson, published: Published) -> None:
    ada = await join("ada")
    before = await mine(ada)
    assert (await ada.post("/users/me/subscription/cancel")).json() == before
    assert (await subscribe_over_http(ada, "free")).json() == before
    assert len(changes(await published())) == 1


async def test_what_nobody_pays_for_has_no_end_to_change_at(join: MakePerson, desk: Desk) -> None:
    """The old site has such: tiers that were given away."""
    ada = await join("ada")
    user_id = (await ada.me())["id"]
    await desk.set_back(user_id, tier="basic", end_date=None)
    assert slug(await ada.post("/users/me/subscription/cancel")) == (409, "subscription-open-ended")
    assert (await subscribe_over_http(ada, "basic", "tok_ok")).json()["is_auto_renew"] is False
    assert await desk.taken() == 0
    assert (await subscribe_over_http(ada, "premium", "tok_ok")).json()["tier"] == "premium"
    assert await desk.taken() == Decimal(29)
    await desk.set_back(user_id, tier="premium", end_date=None)
    assert slug(await subscribe_over_http(ada, "basic")) == (409, "subscription-open-ended")


async def test_payments_are_paged(join: MakePerson, desk: Desk) -> None:
    ada, eve = await join("ada"), await join("eve")
    for _ in range(3):
        await subscribe_over_http(ada, "basic", "tok_declined")
    await subscribe_over_http(ada, "basic", "tok_ok")
    first = (await ada.get("/users/me/payments?limit=3")).json()
    rest = (await ada.get(f"/users/me/payments?limit=3&cursor={first['next_cursor']}")).json()
    statuses = [item["status"] for item in first["items"] + rest["items"]]
    assert statuses == ["succeeded", "failed", "failed", "failed"]
    assert rest["next_cursor"] is None
    assert await my_payments(eve) == []
    assert (await ada.get("/users/me/payments?status=paid")).status_code == 422
