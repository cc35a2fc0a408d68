"""Renewal, dunning and expiry, by a clock that the test sets."""

import asyncio
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise

from chassis.db import Database, now
from chassis.testing import Published
from identity.accounts.models import CustomUser
from identity.billing import tasks
from identity.billing.testing import Desk, changes, utc
from identity.testing import MakePerson, Postbox, text_of
from identity.worker import jobs
from sqlalchemy import update

START = utc(2030, 1, 31, 10, 0)
DAY = timedelta(days=1)


async def someone(join: MakePerson, desk: Desk, method: str, tier: str = "premium") -> int:
    """Somebody who subscribed at START."""
    ada = await join("ada")
    user_id = int((await ada.me())["id"])
    await desk.subscribe(user_id, tier, method, at=START)
    return user_id


async def end_of(desk: Desk, user_id: int) -> datetime:
    end = (await desk.subscription(user_id)).end_date
    assert end is not None
    return end


async def subjects(postbox: Postbox) -> list[str]:
    return [str(mail["Subject"]) for mail in await postbox.collect()]


async def test_a_year_of_months(join: MakePerson, desk: Desk, published: Published, postbox: Postbox) -> None:
    user_id = await someone(join, desk, "tok_ok")
    ends = [await end_of(desk, user_id)]
    for _ in range(12):
        # A moment too early nothing happens; in time once, however often the worker looks.
        await desk.run(ends[-1] - DAY - timedelta(seconds=1))
        assert await end_of(desk, user_id) == ends[-1]
        await desk.run(ends[-1] - DAY)
        await desk.run(ends[-1] - DAY + timedelta(minutes=1))
        await desk.run(ends[-1])
        ends.append(await end_of(desk, user_id))
    assert [(end.month, end.day) for end in ends] == [
        (2, 28), (3, 31), (4, 30), (5, 31), (6, 30), (7, 31), (8, 31), (9, 30), (10, 31), (11, 30), (12, 31),
        (1, 31), (2, 28),
    ]  # fmt: skip
    assert {end.time() for end in ends} == {START.time()}
    assert await desk.charges() == 13
    assert await desk.taken() == 13 * Decimal(29)
    renewals = [one for one in await desk.payments() if one.kind == "renewal"]
    assert [(one.period_start, one.period_end) for one in renewals] == list(pairwise(ends))
    told = changes(await published(), since=1)
    assert told == [("premium", "active", True)] * 13
    assert (await subjects(postbox)).count("Your receipt: 29.00 USD") == 13


async def test_no_money_for_a_week(
    join: MakePerson, desk: Desk, published: Published, postbox: Postbox
) -> None:
    user_id = await someone(join, desk, "tok_expiring")
    end = await end_of(desk, user_id)
    await subjects(postbox)

    await desk.run(end - DAY)
    early = await desk.subscription(user_id)
    assert (early.status, early.renew_at) == ("active", end), "what is paid for counts to its end"
    (mail,) = await postbox.collect()
    assert mail["Subject"] == "We could not renew your subscription"
    assert "We try again on 28 February 2030" in text_of(mail)
    assert "Without a payment by 07 March 2030" in text_of(mail)

    tried = [end]
    await desk.run(end)
    for day in range(1, 7):
        before = len(await desk.payments())
        await desk.run(end + day * DAY)
        await desk.run(end + day * DAY + timedelta(hours=1))
        late = await desk.subscription(user_id)
        assert (late.status, late.is_auto_renew) == ("past_due", True)
        if len(await desk.payments()) > before:
            tried.append(end + day * DAY)
    assert [(at - end).days for at in tried] == [0, 1, 3, 5]
    assert await subjects(postbox) == ["We could not renew your subscription"] * 4

    await desk.run(end + 7 * DAY - timedelta(seconds=1))
    assert (await desk.subscription(user_id)).status == "past_due"
    await desk.run(end + 7 * DAY)
    over = await desk.subscription(user_id)
    assert (over.status, over.is_auto_renew, over.renew_at) == ("expired", False, None)
    assert await subjects(postbox) == ["Your subscription has expired"]
    await desk.run(end + 60 * DAY)
    assert await desk.charges() == 1
    assert changes(await published(), since=1) == [
        ("premium", "active", True),
        ("premium", "past_due", True),
        ("premium", "expired", False),
    ]


async def test_a_new_method_before_the_end_repairs_it_at_once(join: MakePerson, desk: Desk) -> None:
    user_id = await someone(join, desk, "tok_expiring")
    end = await end_of(desk, user_id)
    await desk.run(end - DAY)
    await desk.subscribe(user_id, "premium", "tok_ok", at=end - timedelta(hours=20))
    assert await desk.charges() == 1, "the new method is saved, and the worker charges it"
    await desk.run(end - timedelta(hours=20))
    assert await end_of(desk, user_id) == utc(2030, 3, 31, 10)
    assert (await desk.subscription(user_id)).failed_renewals == 0
    assert await desk.charges() == 2


async def test_paid_when_past_due_a_month_begins_then(
    join: MakePerson, desk: Desk, published: Published
) -> None:
    user_id = await someone(join, desk, "tok_expiring")
    end = await end_of(desk, user_id)
    await desk.run(end - DAY)
    await desk.run(end)
    paid_at = end + 2 * DAY
    await desk.subscribe(user_id, "premium", "tok_ok", at=paid_at)
    again = await desk.subscription(user_id)
    assert (again.status, again.end_date, again.anchor_day) == ("active", utc(2030, 4, 2, 10), 2)
    for day in range(3, 9):
        await desk.run(end + day * DAY)
    assert await desk.charges() == 2
    assert changes(await published())[-2:] == [("premium", "past_due", True), ("premium", "active", True)]


async def test_a_retry_that_goes_through(join: MakePerson, desk: Desk, published: Published) -> None:
    """The bank says yes on the third day."""
    user_id = await someone(join, desk, "tok_expiring")
    end = await end_of(desk, user_id)
    for at in (end - DAY, end, end + DAY):
        await desk.run(at)
    await desk.relent()
    await desk.run(end + 3 * DAY)
    again = await desk.subscription(user_id)
    assert (again.status, again.failed_renewals) == ("active", 0)
    # Three days did not count, and are not paid for.
    assert again.end_date == utc(2030, 4, 3, 10)
    assert await desk.charges() == 2
    assert changes(await published())[-1] == ("premium", "active", True)


async def test_a_bank_that_wants_to_see_the_payer(join: MakePerson, desk: Desk, postbox: Postbox) -> None:
    ada = await join("ada")
    user_id = int((await ada.me())["id"])
    told = await ada.post("/users/me/subscription", {"tier": "basic", "payment_method": "tok_confirm_always"})
    path = told.json()["confirmation"]["confirm_url"].removeprefix("http://lyceum.test/api/v1")
    assert (await ada.post(path, {"agrees": True})).json()["status"] == "succeeded"
    end = await end_of(desk, user_id)
    await postbox.collect()
    await desk.run(end - DAY)
    (mail,) = await postbox.collect()
    assert mail["Subject"] == "Your bank wants you to confirm a payment"
    assert await desk.charges() == 1


async def test_a_confirmed_method_renews_by_itself(join: MakePerson, desk: Desk) -> None:
    ada = await join("ada")
    user_id = int((await ada.me())["id"])
    told = await ada.post("/users/me/subscription", {"tier": "basic", "payment_method": "tok_confirm"})
    path = told.json()["confirmation"]["confirm_url"].removeprefix("http://lyceum.test/api/v1")
    await ada.post(path, {"agrees": True})
    end = await end_of(desk, user_id)
    await desk.run(end - DAY)
    assert await end_of(desk, user_id) > end
    assert await desk.taken() == Decimal(18)


async def test_cancelled_while_past_due_it_is_over(join: MakePerson, desk: Desk) -> None:
    user_id = await someone(join, desk, "tok_expiring")
    end = await end_of(desk, user_id)
    await desk.run(end - DAY)
    await desk.run(end)
    await desk.cancel(user_id, at=end + DAY)
    assert (await desk.subscription(user_id)).status == "expired"
    await desk.run(end + DAY)
    assert len([one for one in await desk.payments() if one.kind == "renewal"]) == 2


async def test_workers_at_once_charge_once(join: MakePerson, desk: Desk, published: Published) -> None:
    people = [await join(name) for name in ("ada", "bob", "cyd")]
    ids = [int((await one.me())["id"]) for one in people]
    for user_id in ids:
        await desk.subscribe(user_id, "basic", "tok_ok", at=START)
    due = await end_of(desk, ids[0]) - DAY
    done = await asyncio.gather(
        *(
            tasks.renew_subscriptions(
                desk.database, desk.provider, desk.settings, due + n * timedelta(seconds=1)
            )
            for n in range(4)
        )
    )
    assert sum(done) == 3
    assert await desk.charges() == 6
    assert {await end_of(desk, user_id) for user_id in ids} == {utc(2030, 3, 31, 10)}


async def test_the_worker_has_it_among_its_jobs(join: MakePerson, desk: Desk) -> None:
    user_id = await someone(join, desk, "tok_ok")
    due = now() - timedelta(minutes=1)
    await desk.set_back(user_id, end_date=due + DAY, renew_at=due, anchor_day=due.day)
    (job,) = [one for one in jobs(desk.settings) if one.name == "subscriptions"]
    await job.work(desk.database)
    await job.work(desk.database)
    assert await desk.charges() == 2
    assert await end_of(desk, user_id) > due + 20 * DAY


async def test_a_closed_account_is_not_charged(join: MakePerson, desk: Desk, database: Database) -> None:
    user_id = await someone(join, desk, "tok_ok")
    end = await end_of(desk, user_id)
    async with database.transaction() as session:
        await session.execute(update(CustomUser).where(CustomUser.id == user_id).values(is_active=False))
    await desk.run(end - DAY)
    assert (await desk.subscription(user_id)).status == "cancelled"
    await desk.run(end)
    assert (await desk.subscription(user_id)).status == "expired"
    assert await desk.charges() == 1


async def test_a_banned_one_is_not_charged_meanwhile(
    join: MakePerson, desk: Desk, database: Database
) -> None:
    user_id = await someone(join, desk, "tok_ok")
    end = await end_of(desk, user_id)
    async with database.transaction() as session:
        until = {"is_banned": True, "temporary_ban_until": end + 3 * DAY}
        await session.execute(update(CustomUser).where(CustomUser.id == user_id).values(**until))
    for day in range(-1, 3):
        await desk.run(end + day * DAY)
    assert await desk.charges() == 1
    await desk.run(end + 3 * DAY)
    assert (await desk.subscription(user_id)).end_date == utc(2030, 4, 3, 10)


async def test_without_a_saved_method_it_falls_behind_too(
    join: MakePerson, desk: Desk, postbox: Postbox
) -> None:
    """What the old site brings over: paid until a day, by means we do not have."""
    ada = await join("ada")
    user_id = int((await ada.me())["id"])
    await desk.set_back(
        user_id,
        tier="basic",
        end_date=START,
        is_auto_renew=True,
        renew_at=START - DAY,
        payment_method="paypal",
    )
    await desk.run(START - DAY)
    await desk.run(START)
    assert (await desk.subscription(user_id)).status == "past_due"
    await desk.run(START + DAY)
    assert len(await postbox.collect()) == 3
    assert await desk.payments() == []
    await desk.run(START + 8 * DAY)
    assert (await desk.subscription(user_id)).status == "expired"


async def test_what_was_not_to_be_renewed_expires(join: MakePerson, desk: Desk) -> None:
    ada = await join("ada")
    user_id = int((await ada.me())["id"])
    await desk.set_back(user_id, tier="basic", end_date=START, is_auto_renew=False)
    await desk.run(START)
    assert (await desk.subscription(user_id)).status == "expired"


async def test_a_worker_that_was_away_catches_up(join: MakePerson, desk: Desk) -> None:
    """Nine days late: the renewal is asked for before anything expires, and nobody pays for days without the tier."""
    user_id = await someone(join, desk, "tok_ok")
    end = await end_of(desk, user_id)
    await desk.run(end + 9 * DAY)
    again = await desk.subscription(user_id)
    assert (again.status, again.end_date) == ("active", utc(2030, 4, 9, 10))
    assert await desk.charges() == 2
