"""Receipts, and for how long money can be had back. No I/O."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Literal

from chassis.receipts import signed

Outcome = Literal["charged", "declined", "confirm"]

_TOKENS: dict[str, Outcome] = {"tok_ok": "charged", "tok_declined": "declined", "tok_confirm": "confirm"}


def outcome_of(token: str) -> Outcome | None:
    """What the sandbox does with a token; None for one it does not know."""
    return _TOKENS.get(token)


def signed_receipt(
    secret: bytes,
    *,
    kind: Literal["charge", "refund"],
    payment_id: str,
    payment_key: str,
    amount: Decimal,
    currency: str,
    at: datetime,
) -> dict[str, Any]:
    """A receipt with its HMAC-SHA256 over every other member, as sorted JSON."""
    members = {
        "provider": "sandbox",
        "kind": kind,
        "payment_id": payment_id,
        "payment_key": payment_key,
        "amount": f"{amount:.2f}",
        "currency": currency,
        "at": at.isoformat(),
    }
    return signed(secret, members)


def refundable_until(purchased_at: datetime, days: int) -> datetime:
    """The first instant at which the buyer cannot ask for the money back any more."""
    return purchased_at + timedelta(days=days)
