"""Receipts that can be told from forged ones: JSON with an HMAC-SHA256 over every other member, in sorted order."""

import hashlib
import hmac
from collections.abc import Mapping
from typing import Any

import orjson


def signed(secret: bytes, members: Mapping[str, Any]) -> dict[str, Any]:
    """The members with their `signature`. They are JSON: text, numbers, nothing that is written in two ways."""
    return {**members, "signature": _signature(secret, members)}


def is_genuine(secret: bytes, receipt: Mapping[str, Any]) -> bool:
    """Whether a receipt carries the signature of whoever has `secret`."""
    members = {name: value for name, value in receipt.items() if name != "signature"}
    return hmac.compare_digest(_signature(secret, members), str(receipt.get("signature", "")))


def _signature(secret: bytes, members: Mapping[str, Any]) -> str:
    return hmac.new(secret, orjson.dumps(members, option=orjson.OPT_SORT_KEYS), hashlib.sha256).hexdigest()
