"""Receipts, and for how long money can be had back. No I/O."""

import hashlib
import hmac
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Literal

import orjson

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
    return {**members, "signature": _signature(secret, members)}


def is_genuine(secret: bytes, receipt: dict[str, Any]) -> bool:
    """Whether a receipt carries the signature of whoever has `secret`."""
    members = {name: value for name, value in receipt.items() if name != "signature"}
    return hmac.compare_digest(_signature(secret, members), str(receipt.get("signature", "")))


def _signature(secret: bytes, members: dict[str, Any]) -> str:
    return hmac.new(secret, orjson.dumps(members, option=orjson.OPT_SORT_KEYS), hashlib.sha256).hexdigest()


def refundable_until(purchased_at: datetime, days: int) -> datetime:
    """The first instant at which the buyer cannot ask for the money back any more."""
    return purchased_at + timedelta(days=days)
