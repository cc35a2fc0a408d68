"""The sandbox's notices, money back by the staff, and what is left when an account goes."""

import asyncio
import time
from datetime import timedelta
from decimal import Decimal
from typing import Any

import httpx
import orjson
import pytest
from chassis.db import now
from chassis.receipts import is_genuine
from chassis.testing import Published
from identity.audit.models import AdminAuditEntry
from identity.billing import service
from identity.billing.testing import Desk, changes, slug, subscribe_over_http
from identity.payments.models import Customer, SandboxMethod
from identity.payments.port import Provider
from identity.payments.rules import (
    from_minor_units,
    is_signed,
    minor_units,
    rounded,
    sign_notice,
)
from identity.payments.sandbox import Sandbox
from identity.testing import MakePerson, Person, Postbox
from identity.vault import vault_of
from sqlalchemy import select

WEBHOOK = "/api/v1/payments/webhooks/sandbox"


async def paid(join: MakePerson, tier: str = "premium", name: str = "ada") -> tuple[Person, int]:
    person = await join(name)
    assert (await subscribe_over_http(person, tier, "tok_ok")).status_code == 200
    return person, int((await person.me())["id"])


# --- notices ------------------------------------------------------------------------------------------------


async def test_the_sandbox_is_believed_by_its_signature_alone(
    join: MakePerson, client: httpx.AsyncClient, sandbox: Provider, desk: Desk, published: Published
) -> None:
    assert isinstance(sandbox, Sandbox)
    ada = await join("ada")
    await subscribe_over_http(ada, "premium", "tok_confirm")
    (payment,) = await desk.payments()
    assert payment.provider_payment_id is not None
    notice = await sandbox.confirm(payment.provider_payment_id, agrees=True)
    assert notice is not None
    body, headers = notice
    signature = headers["sandbox-signature"]

    elsewhere = await client.post("/api/v1/payments/webhooks/stripe", content=body, headers=headers)
    assert elsewhere.status_code == 404
    for given in ("", "t=1,v1=2", signature.replace("v1=", "v1=0"), signature + "0"):
        answer = await client.post(WEBHOOK, content=body, headers={"Sandbox-Signature": given})
        assert slug(answer) == (400, "payment-notice-not-genuine")
    changed = body.replace(b"29.00", b"00.01")
    assert (await client.post(WEBHOOK, content=changed, headers=headers)).status_code == 400
    assert (await ada.get("/users/me/subscription")).json()["effective_tier"] == "free"

    answers = await asyncio.gather(*(client.post(WEBHOOK, content=body, headers=headers) for _ in range(4)))
    assert [one.status_code for one in answers] == [200] * 4
    assert changes(await published(), since=1) == [("premium", "active", True)]


async def test_a_signed_notice_with_a_forged_receipt_buys_nothing(
    join: MakePerson, client: httpx.AsyncClient, sandbox: Provider, desk: Desk
) -> None:
    """Not even from who can sign notices: the receipt is what is kept."""
    assert isinstance(sandbox, Sandbox)
    ada = await join("ada")
    await subscribe_over_http(ada, "premium", "tok_confirm")
    (payment,) = await desk.payments()
    assert payment.provider_payment_id is not None
    notice = await sandbox.confirm(payment.provider_payment_id, agrees=True)
    assert notice is not None
    told: dict[str, Any] = orjson.loads(notice[0])
    told["data"]["receipt"]["amount"] = "0.01"
    body = orjson.dumps(told)
    secret = vault_of(desk.settings).derive("payment sandbox", b"")
    headers = {"Sandbox-Signature": sign_notice(secret, body, int(time.time()))}
    assert (await client.post(WEBHOOK, content=body, headers=headers)).status_code == 500
    assert (await ada.get("/users/me/subscription")).json()["effective_tier"] == "free"


def test_a_signature_has_its_time() -> None:
    secret, body, at = b"s3cret", b'{"id": "evt_1"}', 1_800_000_000
    made = sign_notice(secret, body, at)
    assert is_signed([b"other", secret], body, made, at + 300)
    assert is_signed([secret], body, made, at - 300)
    assert not is_signed([secret], body, made, at + 301)
    assert not is_signed([secret], body, made, at - 301)
    assert not is_signed([b"other"], body, made, at)
    assert not is_signed([], body, made, at)
    assert not is_signed([secret], body, made.replace(str(at), f" {at}"), at)
    assert not is_signed([secret], body, "t=\u0661,v1=\u0661", at)


async def test_a_receipt_is_the_sandboxs_own(join: MakePerson, desk: Desk) -> None:
    await paid(join)
    (payment,) = await desk.payments()
    assert payment.receipt is not None
    secret = vault_of(desk.settings).derive("payment sandbox", b"")
    assert is_genuine(secret, payment.receipt)
    assert not is_genuine(secret, {**payment.receipt, "amount": "2.90"})


@pytest.mark.parametrize(
    ("amount", "currency", "units"),
    [
        ("29.00", "USD", 2900),
        ("0.50", "EUR", 50),
        ("500.00", "JPY", 500),
        ("1.25", "KWD", 1250),
        ("100.00", "ISK", 10000),
    ],
)
def test_amounts_as_card_networks_count(amount: str, currency: str, units: int) -> None:
    assert minor_units(Decimal(amount), currency) == units
    assert from_minor_units(units, currency) == Decimal(amount)


def test_a_yen_is_not_divided() -> None:
    assert rounded(Decimal("333.5"), "JPY") == Decimal(334)
    assert rounded(Decimal("9.675"), "EUR") == Decimal("9.68")
    with pytest.raises(ValueError, match="cannot be charged"):
        minor_units(Decimal("0.50"), "JPY")


# --- money back ---------------------------------------------------------------------------------------------


async def test_the_staff_pays_back_and_it_is_on_record(
    join: MakePerson, admin: Person, desk: Desk, postbox: Postbox, published: Published
) -> None:
    ada, user_id = await paid(join)
    (payment,) = await desk.payments()
    await postbox.collect()
    part = await admin.post(f"/payments/{payment.id}/refund", {"amount": "10.00", "reason": "an outage"})
    assert (part.status_code, part.json()["amount"], part.json()["status"]) == (200, "10.00", "succeeded")
    too_much = await admin.post(f"/payments/{payment.id}/refund", {"amount": "19.01", "reason": "more"})
    assert slug(too_much) == (409, "payment-not-refundable")
    assert too_much.json()["refundable"] == "19.00"
    rest = await admin.post(
        f"/payments/{payment.id}/refund", {"reason": "asked within a day", "ends_subscription": True}
    )
    assert (rest.status_code, rest.json()["amount"]) == (200, "19.00")
    assert slug(await admin.post(f"/payments/{payment.id}/refund", {"reason": "again"})) == (
        409,
        "payment-not-refundable",
    )
    assert await desk.taken() == 0
    (mine,) = (await ada.get("/users/me/payments")).json()["items"]
    assert (mine["refunded_amount"], [one["amount"] for one in mine["refunds"]]) == (
        "29.00",
        ["10.00", "19.00"],
    )
    assert (await ada.get("/users/me/subscription")).json()["effective_tier"] == "free"
    assert changes(await published(), user_id=user_id)[-1] == ("premium", "expired", False)
    assert {mail["Subject"] for mail in await postbox.collect()} == {
        "We paid you back 10.00 USD",
        "We paid you back 19.00 USD",
    }
    async with desk.database.transaction() as session:
        entries = (await session.scalars(select(AdminAuditEntry).order_by(AdminAuditEntry.id))).all()
    assert [(one.action, one.target_id) for one in entries] == [("payment.refunded", str(user_id))] * 2


async def test_two_refunds_at_once_give_back_no_more_than_was_paid(
    join: MakePerson, admin: Person, desk: Desk
) -> None:
    await paid(join)
    (payment,) = await desk.payments()
    path = f"/payments/{payment.id}/refund"
    answers = await asyncio.gather(
        *(admin.post(path, {"amount": "20.00", "reason": "at once"}) for _ in range(3))
    )
    assert sorted(one.status_code for one in answers) == [200, 409, 409]
    assert await desk.taken() == Decimal(9)


async def test_refunds_are_the_staffs(join: MakePerson, desk: Desk, admin: Person) -> None:
    ada, user_id = await paid(join)
    (payment,) = await desk.payments()
    refused = await ada.post(f"/payments/{payment.id}/refund", {"reason": "mine"})
    assert slug(refused) == (403, "permission-missing")
    assert slug(await ada.get("/payments")) == (403, "permission-missing")
    assert slug(await admin.post("/payments/999999/refund", {"reason": "x"})) == (404, "payment-not-found")
    nonsense: list[dict[str, str]] = [
        {},
        {"reason": ""},
        {"reason": "x", "amount": "0"},
        {"reason": "x", "amount": "-1"},
        {"reason": "x" * 501},
    ]
    for body in nonsense:
        assert (await admin.post(f"/payments/{payment.id}/refund", body)).status_code == 422
    assert await desk.refunds() == []
    (seen,) = (await admin.get(f"/payments?user_id={user_id}")).json()["items"]
    assert (seen["user_id"], seen["provider_payment_id"]) == (user_id, payment.provider_payment_id)
    assert (await admin.get(f"/payments?user_id={user_id + 1}")).json()["items"] == []


async def test_what_was_not_paid_is_not_paid_back(join: MakePerson, admin: Person, desk: Desk) -> None:
    ada = await join("ada")
    await subscribe_over_http(ada, "premium", "tok_declined")
    (payment,) = await desk.payments()
    answer = await admin.post(f"/payments/{payment.id}/refund", {"reason": "by mistake"})
    assert slug(answer) == (409, "payment-not-refundable")


# --- leaving ------------------------------------------------------------------------------------------------


async def test_what_is_kept_can_be_had(join: MakePerson, desk: Desk) -> None:
    _, user_id = await paid(join)
    async with desk.database.transaction() as session:
        kept = await service.export_of(session, user_id)
    assert kept["subscription"]["tier"] == "premium"
    assert kept["payments"][0]["amount"] == "29.00"
    assert kept["payment_methods"] == [{"provider": "sandbox", "method": "sandbox tok_ok"}]
    assert orjson.loads(orjson.dumps(kept)) == kept


async def test_a_forgotten_person_is_charged_no_more_and_their_payments_stay(
    join: MakePerson, desk: Desk
) -> None:
    _, user_id = await paid(join)
    end = (await desk.subscription(user_id)).end_date
    assert end is not None
    async with desk.database.transaction() as session:
        await service.forget(session, user_id, 999_999)
    await desk.run(end - timedelta(days=1))
    await desk.run(end + timedelta(days=1))
    (payment,) = await desk.payments()
    assert (payment.user_id, payment.amount, payment.status) == (999_999, Decimal(29), "succeeded")
    async with desk.database.transaction() as session:
        assert (await session.scalars(select(Customer))).all() == []
        methods = (await session.scalars(select(SandboxMethod))).all()
        assert [one.detached_at is not None for one in methods] == [True]
        assert (await service.export_of(session, user_id))["payments"] == []
    assert await desk.charges() == 1


async def test_what_a_forgotten_person_still_owed_is_withdrawn(join: MakePerson, desk: Desk) -> None:
    ada = await join("ada")
    await subscribe_over_http(ada, "premium", "tok_confirm")
    user_id = int((await ada.me())["id"])
    async with desk.database.transaction() as session:
        await service.forget(session, user_id, 999_999)
    await desk.run(now() + timedelta(minutes=1))
    await desk.run(now() + timedelta(minutes=7))
    (payment,) = await desk.payments()
    assert (payment.status, payment.confirmation) == ("cancelled", None)
    async with desk.database.transaction() as session:
        assert (await session.scalars(select(Customer))).all() == []
