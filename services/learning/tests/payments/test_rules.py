"""Receipts, alone."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from chassis.receipts import is_genuine
from learning.payments.rules import outcome_of, refundable_until, signed_receipt

AT = datetime(2026, 11, 22, 20, 0, tzinfo=UTC)


def receipt(secret: bytes = b"s3cret") -> dict[str, object]:
    return signed_receipt(
        secret,
        kind="charge",
        payment_id="pay_1",
        payment_key="enrollment/1/1",
        amount=Decimal("39.00"),
        currency="EUR",
        at=AT,
    )


def test_a_receipt_is_genuine_for_who_signed_it():
    assert is_genuine(b"s3cret", receipt())
    assert not is_genuine(b"other", receipt())


@pytest.mark.parametrize(
    "member", ["amount", "currency", "payment_id", "payment_key", "kind", "at", "signature"]
)
def test_a_changed_receipt_is_not_genuine(member):
    assert not is_genuine(b"s3cret", {**receipt(), member: "0.01"})


def test_a_receipt_that_lost_a_member_is_not_genuine():
    shortened = receipt()
    del shortened["amount"]
    assert not is_genuine(b"s3cret", shortened)
    assert not is_genuine(b"s3cret", {})


def test_the_sandbox_knows_three_tokens():
    assert [outcome_of(t) for t in ("tok_ok", "tok_declined", "tok_confirm", "tok_other")] == [
        "charged",
        "declined",
        "confirm",
        None,
    ]


def test_a_refund_is_open_for_so_many_days():
    assert refundable_until(AT, 14) == AT + timedelta(days=14)
