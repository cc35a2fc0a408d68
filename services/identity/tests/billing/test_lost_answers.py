"""Between the provider and our commit: nothing charged is lost, nothing is charged twice."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from chassis.db import now
from chassis.testing import Published
from fastapi import FastAPI
from identity.billing import tasks
from identity.billing.testing import Desk, changes, slug, subscribe_over_http
from identity.payments.models import Customer
from identity.payments.port import Charge, Outcome, Provider
from identity.payments.sandbox import Sandbox
from identity.testing import MakePerson, Person, Postbox
from sqlalchemy import select

DAY = timedelta(days=1)


class Killed(BaseException):
    """The process ends here, whatever there is to catch exceptions."""


class CutOff(Sandbox):
    """A sandbox whose caller is killed when the charge is in the books, and before it can be noted."""

    async def pay(self, charge: Charge) -> Outcome:
        await super().pay(charge)
        raise Killed


def cut_off(desk: Desk) -> CutOff:
    assert isinstance(desk.provider, Sandbox)
    return CutOff(desk.provider._database, desk.provider._secrets, desk.settings.public_url)


async def killed_while_subscribing(join: MakePerson, desk: Desk) -> tuple[Person, int]:
    ada = await join("ada")
    user_id = int((await ada.me())["id"])
    dying = Desk(desk.database, desk.settings, cut_off(desk))
    with pytest.raises(Killed):
        await dying.subscribe(user_id, "premium", "tok_ok", at=now())
    assert await desk.taken() == Decimal(29)
    assert (await desk.subscription(user_id)).tier == "free"
    return ada, user_id


async def test_what_was_charged_before_the_kill_is_found(
    join: MakePerson, desk: Desk, published: Published, postbox: Postbox
) -> None:
    ada, user_id = await killed_while_subscribing(join, desk)
    mine = (await ada.get("/users/me/subscription")).json()
    assert mine["open_payment"]["status"] == "pending"
    assert (await subscribe_over_http(ada, "premium", "tok_ok")).status_code == 202
    assert slug(await subscribe_over_http(ada, "basic", "tok_ok")) == (409, "payment-in-progress")
    await postbox.collect()
    later = now() + timedelta(minutes=3)
    await asyncio.gather(
        *(tasks.settle_payments(desk.database, desk.provider, desk.settings, later) for _ in range(3))
    )
    await desk.run(later + timedelta(hours=1))
    assert (await desk.subscription(user_id)).tier == "premium"
    assert await desk.taken() == Decimal(29)
    assert changes(await published(), since=1) == [("premium", "active", True)]
    assert [mail["Subject"] for mail in await postbox.collect()] == ["Your receipt: 29.00 USD"]


async def test_what_may_yet_begin_cannot_be_cancelled(join: MakePerson, desk: Desk) -> None:
    """Else somebody would be told that it is over, and have it a minute later."""
    ada, user_id = await killed_while_subscribing(join, desk)
    assert slug(await ada.post("/users/me/subscription/cancel")) == (409, "payment-in-progress")
    await desk.cancel(user_id, at=now() + timedelta(minutes=3))
    after = await desk.subscription(user_id)
    assert (after.tier, after.status) == ("premium", "cancelled")


async def test_one_payment_that_cannot_be_settled_holds_up_no_other(
    join: MakePerson, desk: Desk, published: Published
) -> None:
    class Odd(Sandbox):
        async def find(self, customer: str, key: str, *, saves_only: bool) -> Outcome | None:
            found = await super().find(customer, key, saves_only=saves_only)
            assert found is not None
            return replace(found, amount=Decimal("0.01")) if key == odd_key else found

    _, first = await killed_while_subscribing(join, desk)
    odd_key = (await desk.payments())[0].payment_key
    bob = await join("bob")
    second = int((await bob.me())["id"])
    dying = Desk(desk.database, desk.settings, cut_off(desk))
    with pytest.raises(Killed):
        await dying.subscribe(second, "basic", "tok_ok", at=now())
    assert isinstance(desk.provider, Sandbox)
    odd = Odd(desk.provider._database, desk.provider._secrets, "")
    await Desk(desk.database, desk.settings, odd).run(now() + timedelta(minutes=3))
    assert (await desk.subscription(first)).tier == "free"
    assert (await desk.subscription(second)).tier == "basic"


async def test_who_comes_back_finds_it_before_the_worker_does(join: MakePerson, desk: Desk) -> None:
    _, user_id = await killed_while_subscribing(join, desk)
    await desk.subscribe(user_id, "premium", "tok_ok", at=now() + timedelta(minutes=3))
    assert (await desk.subscription(user_id)).tier == "premium"
    assert await desk.charges() == 1


async def test_killed_before_the_provider_heard_of_it(join: MakePerson, desk: Desk) -> None:
    class Deaf(Sandbox):
        async def pay(self, charge: Charge) -> Outcome:
            raise Killed

    ada = await join("ada")
    user_id = int((await ada.me())["id"])
    assert isinstance(desk.provider, Sandbox)
    deaf = Deaf(desk.provider._database, desk.provider._secrets, "")
    with pytest.raises(Killed):
        await Desk(desk.database, desk.settings, deaf).subscribe(user_id, "basic", "tok_ok", at=now())
    await desk.run(now() + timedelta(minutes=5))
    assert (await desk.payments())[0].status == "pending"
    await desk.run(now() + timedelta(minutes=20))
    (given_up,) = await desk.payments()
    assert (given_up.status, given_up.failure_code) == ("cancelled", "never_reached_the_provider")
    assert (await subscribe_over_http(ada, "basic", "tok_ok")).status_code == 200
    assert await desk.taken() == Decimal(9)


async def test_a_renewal_cut_off_is_settled_once(join: MakePerson, desk: Desk, published: Published) -> None:
    ada = await join("ada")
    await subscribe_over_http(ada, "basic", "tok_ok")
    user_id = int((await ada.me())["id"])
    end = (await desk.subscription(user_id)).end_date
    assert end is not None
    with pytest.raises(Killed):
        await tasks.renew_subscriptions(desk.database, cut_off(desk), desk.settings, end - DAY)
    assert await desk.charges() == 2
    for minutes in (1, 3, 20, 60):
        await desk.run(end - DAY + timedelta(minutes=minutes))
    renewed = (await desk.subscription(user_id)).end_date
    assert renewed is not None
    assert renewed > end
    assert await desk.charges() == 2
    assert changes(await published(), since=1) == [("basic", "active", True)] * 2


async def test_cancelled_while_its_renewal_is_on_its_way_the_money_goes_back(
    join: MakePerson, desk: Desk, postbox: Postbox
) -> None:
    ada = await join("ada")
    await subscribe_over_http(ada, "basic", "tok_ok")
    user_id = int((await ada.me())["id"])
    end = (await desk.subscription(user_id)).end_date
    assert end is not None
    with pytest.raises(Killed):
        await tasks.renew_subscriptions(desk.database, cut_off(desk), desk.settings, end - DAY)
    await desk.cancel(user_id, at=end - DAY + timedelta(minutes=1))
    await postbox.collect()
    await desk.run(end - DAY + timedelta(minutes=5))
    await desk.run(end - DAY + timedelta(minutes=15))
    after = await desk.subscription(user_id)
    assert (after.status, after.end_date) == ("cancelled", end)
    assert await desk.taken() == Decimal(9)
    assert [mail["Subject"] for mail in await postbox.collect()] == ["We paid you back 9.00 USD"]
    # Nor is the renewal in the way of going on.
    assert (await subscribe_over_http(ada, "basic")).status_code == 200
    await desk.run(end - timedelta(hours=1))
    assert await desk.taken() == Decimal(18)


async def test_killed_between_two_calls_nobody_is_two_customers(
    join: MakePerson, app: FastAPI, desk: Desk, sandbox: Provider
) -> None:
    ada = await join("ada")
    app.state.payment_provider = cut_off(desk)
    with pytest.raises(Killed):
        await subscribe_over_http(ada, "basic", "tok_ok")
    app.state.payment_provider = sandbox
    await desk.run(now() + timedelta(minutes=5))
    async with desk.database.transaction() as session:
        customers = (await session.scalars(select(Customer))).all()
    assert len(customers) == 1
    assert customers[0].method_id is not None
    assert (await ada.get("/users/me/subscription")).json()["tier"] == "basic"


async def test_a_defect_after_the_charge_is_no_different(
    join: MakePerson, app: FastAPI, desk: Desk, sandbox: Provider
) -> None:
    """An error of ours, answered as one, with the money already taken."""

    class Broken(CutOff):
        async def pay(self, charge: Charge) -> Outcome:
            try:
                return await super().pay(charge)
            except Killed:
                raise RuntimeError("a defect") from None

    ada = await join("ada")
    assert isinstance(sandbox, Sandbox)
    app.state.payment_provider = Broken(sandbox._database, sandbox._secrets, "")
    assert (await subscribe_over_http(ada, "basic", "tok_ok")).status_code == 500
    app.state.payment_provider = sandbox
    await desk.run(now() + timedelta(minutes=5))
    assert (await ada.get("/users/me/subscription")).json()["tier"] == "basic"
    assert await desk.charges() == 1
