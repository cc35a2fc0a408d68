"""Paid courses: by purchase, by tier, and money back."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from contracts.identity import SubscriptionChanged
from contracts.learning import (
    CertificateRevoked,
    EnrollmentCreated,
    EnrollmentDropped,
    EnrollmentProgressChanged,
    EnrollmentRefunded,
)
from learning.payments.models import Purchase, SandboxCharge
from sqlalchemy import func, select, update


@pytest.fixture
def paid(catalog, make):
    """Course 12 costs 39.00, course 13 costs 50.01: just above what the basic tier opens."""
    catalog.has(make.course(12, price="39.00"))
    catalog.has(make.course(13, price="50.01", modules=()))
    return catalog


async def books(database):
    async with database.transaction() as session:
        charges = await session.scalar(select(func.count()).select_from(SandboxCharge))
        purchases = (await session.scalars(select(Purchase).order_by(Purchase.id))).all()
    return charges, purchases


async def test_a_purchase_is_charged_once_and_told(ada, paid, published, database):
    answer = await ada.enroll(token="tok_ok")
    assert answer.status_code == 201, answer.text
    charges, (purchase,) = await books(database)
    assert charges == 1
    assert (str(purchase.amount), purchase.currency, purchase.status) == ("39.00", "EUR", "paid")
    created = (await published())[0]
    assert isinstance(created, EnrollmentCreated)
    assert (str(created.price_paid), created.payment_id) == ("39.00", purchase.payment_id)
    assert created.enrolled_at == purchase.purchased_at

    assert (await ada.enroll(token="tok_ok")).status_code == 200
    assert (await books(database))[0] == 1


async def test_no_money_no_enrollment(ada, paid, published, database):
    for token, status, slug in (
        (None, 402, "payment-required"),
        ("tok_declined", 402, "payment-declined"),
        ("tok_confirm", 402, "payment-confirmation-required"),
        ("tok_stolen", 422, "payment-token-unknown"),
    ):
        answer = await ada.enroll(token=token)
        assert (answer.status_code, answer.json()["type"]) == (status, f"/problems/{slug}")
        assert await published() == []
        assert await books(database) == (0, [])
        assert (await ada.get("/enrollments")).json()["items"] == []
    # And nothing is left of them that would be in the way of a good one.
    assert (await ada.enroll(token="tok_ok")).status_code == 201


async def test_what_is_needed_is_said(ada, paid):
    problem = (await ada.enroll()).json()
    assert (problem["price"], problem["currency"]) == ("39.00", "EUR")


async def test_five_payments_at_once_are_one_charge(ada, paid, published, database):
    answers = await asyncio.gather(*(ada.enroll(token="tok_ok") for _ in range(5)))
    assert sorted(a.status_code for a in answers) == [200, 200, 200, 200, 201]
    charges, purchases = await books(database)
    assert (charges, len(purchases)) == (1, 1)
    assert len([e for e in await published() if isinstance(e, EnrollmentCreated)]) == 1


async def test_a_tier_opens_courses(person, paid, published, database):
    cases = (
        ("premium", 12, 201),
        ("premium", 13, 201),
        ("basic", 12, 201),
        ("basic", 13, 402),
        ("free", 12, 402),
    )
    for user_id, (tier, course_id, status) in enumerate(cases, start=20):
        answer = await person(user_id, tier=tier).enroll(course_id)
        assert answer.status_code == status, (tier, course_id)
    assert await books(database) == (0, [])
    created = [e for e in await published() if isinstance(e, EnrollmentCreated)]
    assert [(e.user_id, str(e.price_paid), e.payment_id) for e in created] == [
        (user_id, "0.00", None) for user_id in (20, 21, 22)
    ]


async def test_an_offered_payment_is_not_taken_where_none_is_due(person, paid, database, catalog, make):
    assert (await person(7, tier="premium").enroll(token="tok_declined")).status_code == 201
    catalog.has(make.course(14, price="0.00", modules=()))
    assert (await person(7).enroll(14, token="tok_ok")).status_code == 201
    assert await books(database) == (0, [])


def subscription(**given):
    base = {"user_id": 7, "tier": "premium", "status": "active", "ends": None, "is_auto_renew": True}
    return SubscriptionChanged(**{**base, "starts": datetime(2026, 1, 1, tzinfo=UTC), "version": 1, **given})


async def test_a_subscription_that_ended_since_the_token_opens_nothing(person, paid, deliver):
    later = datetime.now(UTC) + timedelta(seconds=60)
    await deliver(subscription(tier="free", status="expired"), time=later)
    assert (await person(7, tier="premium").enroll()).status_code == 402


async def test_a_subscription_bought_since_the_token_opens_courses(person, paid, deliver):
    later = datetime.now(UTC) + timedelta(seconds=60)
    await deliver(subscription(), time=later)
    assert (await person(7, tier="free").enroll()).status_code == 201


async def test_a_subscription_past_its_end_opens_nothing(person, paid, deliver):
    over = datetime.now(UTC) - timedelta(seconds=1)
    await deliver(subscription(status="cancelled", ends=over), time=over - timedelta(days=30))
    assert (await person(7, tier="premium").enroll()).status_code == 402


async def test_a_refund_pays_back_and_drops(ada, paid, published, database):
    enrollment_id = await ada.enrolled(token="tok_ok")
    answer = await ada.post(f"/enrollments/{enrollment_id}/refund")
    assert (answer.status_code, answer.json()["status"]) == (200, "dropped")
    _, (purchase,) = await books(database)
    assert purchase.status == "refunded"
    assert purchase.refund_receipt["kind"] == "refund"

    told = [e for e in await published() if not isinstance(e, EnrollmentProgressChanged)]
    created, refunded, dropped = told
    assert isinstance(created, EnrollmentCreated)
    assert isinstance(refunded, EnrollmentRefunded)
    assert isinstance(dropped, EnrollmentDropped)
    assert (refunded.payment_id, refunded.amount) == (created.payment_id, created.price_paid)
    assert refunded.purchased_at == created.enrolled_at
    assert dropped.refunded is True
    assert created.version < refunded.version < dropped.version

    again = await ada.post(f"/enrollments/{enrollment_id}/refund")
    assert (again.status_code, again.json()["type"]) == (409, "/problems/nothing-to-refund")


async def test_two_refunds_at_once_pay_back_once(ada, paid, published):
    enrollment_id = await ada.enrolled(token="tok_ok")
    path = f"/enrollments/{enrollment_id}/refund"
    answers = await asyncio.gather(*(ada.post(path) for _ in range(3)))
    assert sorted(a.status_code for a in answers) == [200, 409, 409]
    assert len([e for e in await published() if isinstance(e, EnrollmentRefunded)]) == 1


async def test_after_a_refund_the_course_is_bought_anew(ada, paid, database):
    enrollment_id = await ada.enrolled(token="tok_ok")
    await ada.post(f"/enrollments/{enrollment_id}/refund")
    assert (await ada.enroll()).status_code == 402
    assert await ada.enrolled(token="tok_ok") == enrollment_id
    charges, purchases = await books(database)
    assert charges == 2
    assert [p.status for p in purchases] == ["refunded", "paid"]


async def test_a_purchase_outlives_a_drop(ada, paid, published, database):
    enrollment_id = await ada.enrolled(token="tok_ok")
    await ada.post(f"/enrollments/{enrollment_id}/drop")
    assert (await ada.enroll()).status_code == 201
    assert (await books(database))[0] == 1
    created = [e for e in await published() if isinstance(e, EnrollmentCreated)]
    assert [(str(e.price_paid), e.payment_id is None) for e in created] == [("39.00", False), ("0.00", True)]


async def test_what_was_not_bought_is_not_refunded(person, paid):
    premium = person(7, tier="premium")
    enrollment_id = await premium.enrolled()
    answer = await premium.post(f"/enrollments/{enrollment_id}/refund")
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/nothing-to-refund")


async def test_the_window_closes_for_the_buyer_not_for_an_admin(ada, person, paid, database):
    enrollment_id = await ada.enrolled(token="tok_ok")
    async with database.transaction() as session:
        long_ago = datetime.now(UTC) - timedelta(days=14)
        await session.execute(update(Purchase).values(purchased_at=long_ago))
    path = f"/enrollments/{enrollment_id}/refund"
    late = await ada.post(path)
    assert (late.status_code, late.json()["type"]) == (409, "/problems/refund-window-closed")
    assert (await person(1, role="admin").post(path)).status_code == 200


async def test_a_forged_receipt_is_not_paid_out(ada, paid, database, published):
    enrollment_id = await ada.enrolled(token="tok_ok")
    async with database.transaction() as session:
        forged = {"payment_id": "pay_x", "amount": "9000.00", "signature": "00"}
        await session.execute(update(Purchase).values(receipt=forged))
    answer = await ada.post(f"/enrollments/{enrollment_id}/refund")
    assert answer.status_code == 500
    assert "pay_x" not in answer.text
    assert (await books(database))[1][0].status == "paid"


async def test_a_refunded_course_loses_its_certificate(ada, paid, published):
    enrollment_id = await ada.enrolled(token="tok_ok")
    await ada.completes(enrollment_id, 101, 102, 201, 202)
    (certificate,) = (await ada.get("/certificates")).json()["items"]
    answer = await ada.post(f"/enrollments/{enrollment_id}/refund")
    assert (answer.status_code, answer.json()["status"]) == (200, "dropped")
    assert answer.json()["completion_date"] is None
    checked = await ada.get(f"/certificates/verify/{certificate['verification_hash']}")
    assert checked.json()["is_valid"] is False
    assert len([e for e in await published() if isinstance(e, CertificateRevoked)]) == 1
