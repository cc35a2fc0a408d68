"""What a receipt says, and under which token it is found."""

import base64
import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

SERVICES = ("identity", "catalog", "learning", "assessment", "instructor", "analytics")
"""Everybody who holds data on people, and has to report."""

RECEIPT_TYPE = "erasure-receipt+jwt"
TOKEN_PURPOSE = "erasure receipt"  # noqa: S105 - what is derived, not a password


def token_of(derived: bytes) -> str:
    """The receipt's token as it stands in its URL."""
    return base64.urlsafe_b64encode(derived).rstrip(b"=").decode()


def digest_of(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def claims(
    issuer: str, tombstone_id: int, requested_at: datetime, reports: Mapping[str, datetime]
) -> dict[str, Any]:
    """What the receipt states: that, and when, each service had forgotten whoever the tombstone stands for.

    It names nobody. Nor does it expire: what it says happened.
    """
    completed_at = max(reports.values())
    return {
        "iss": issuer,
        "typ": "erasure-receipt",
        "tombstone_id": tombstone_id,
        "requested_at": _rfc3339(requested_at),
        "completed_at": _rfc3339(completed_at),
        "services": {name: _rfc3339(reports[name]) for name in sorted(reports)},
        "iat": int(completed_at.timestamp()),
    }


def _rfc3339(instant: datetime) -> str:
    return instant.isoformat().replace("+00:00", "Z")
