"""When providers are asked again, amounts as they count them, notices, and the test tokens of the sandbox. No I/O."""

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Literal

ASKED_AFTER = timedelta(minutes=2)
"""When a payment or refund whose outcome nobody told is asked after: long after its call has timed out."""
ASKED_AGAIN = timedelta(minutes=5)
TOLERANCE_SECONDS = 300
"""How old a signed notice may be, and how far ahead the provider's clock: a recorded one is of no use later."""

_WHOLE = frozenset(
    ["BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV", "XAF", "XOF", "XPF"]
)
_WHOLE_IN_HUNDREDTHS = frozenset(("ISK", "UGX"))
_THOUSANDTHS = frozenset(("BHD", "JOD", "KWD", "OMR", "TND"))


def rounded(amount: Decimal, currency: str) -> Decimal:
    """To what can be charged: whole units where the currency has no smaller ones, else two decimals."""
    unit = Decimal(1) if currency in _WHOLE | _WHOLE_IN_HUNDREDTHS else Decimal("0.01")
    return amount.quantize(unit, rounding=ROUND_HALF_UP).quantize(Decimal("0.01"))


def _units_in_one(currency: str) -> int:
    if currency in _WHOLE:
        return 1
    return 1000 if currency in _THOUSANDTHS else 100


def minor_units(amount: Decimal, currency: str) -> int:
    """The amount as card networks count: cents, or whole yen. ValueError for what the currency cannot express."""
    units = amount * _units_in_one(currency)
    if units != units.to_integral_value():
        raise ValueError(f"{amount} {currency} cannot be charged")
    return int(units)


def from_minor_units(units: int, currency: str) -> Decimal:
    return Decimal(units) / _units_in_one(currency)


# --- notices ------------------------------------------------------------------------------------------------


def sign_notice(secret: bytes, body: bytes, at: int) -> str:
    """The signature header of a notice sent at `at` (seconds since the epoch), in the scheme that Stripe uses."""
    return f"t={at},v1={_mac(secret, body, at)}"


def is_signed(secrets: Sequence[bytes], body: bytes, header: str, at: int) -> bool:
    """Whether `header` is a signature of `body` by one of the secrets, made within TOLERANCE_SECONDS of `at`."""
    members = [part.partition("=") for part in header.split(",")]
    times = [value for name, _, value in members if name == "t"]
    if len(times) != 1 or not (times[0].isascii() and times[0].isdigit() and len(times[0]) < 12):
        return False
    sent = int(times[0])
    if abs(at - sent) > TOLERANCE_SECONDS:
        return False
    given = [value.encode() for name, _, value in members if name == "v1"]
    wanted = [_mac(secret, body, sent).encode() for secret in secrets]
    return any(hmac.compare_digest(one, other) for one in given for other in wanted)


def _mac(secret: bytes, body: bytes, at: int) -> str:
    return hmac.new(secret, f"{at}.".encode() + body, hashlib.sha256).hexdigest()


# --- the sandbox's tokens -----------------------------------------------------------------------------------

Verdict = Literal["succeeded", "confirming", "failed"]


@dataclass(frozen=True, slots=True)
class Judged:
    """What the sandbox does with a method this time, and why where it does not."""

    verdict: Verdict
    failure: str | None = None


TOKENS = {
    "tok_ok": "always pays",
    "tok_declined": "never pays",
    "tok_insufficient": "never pays, for want of money",
    "tok_confirm": "pays once its owner has confirmed, and from then on without",
    "tok_confirm_always": "wants a confirmation each time, so that no renewal goes through by itself",
    "tok_expiring": "pays once; renewals fail, the card having expired",
}

_PAID = Judged("succeeded")
_CONFIRM = Judged("confirming")


def judge(token: str, *, charges: int, is_confirmed: bool, off_session: bool, saves_only: bool) -> Judged:
    """What a test token does: `charges` it made before, `off_session` when its owner is not there to confirm."""
    match token:
        case "tok_declined":
            return Judged("failed", "card_declined")
        case "tok_insufficient":
            return _PAID if saves_only else Judged("failed", "insufficient_funds")
        case "tok_confirm" if not is_confirmed:
            return Judged("failed", "authentication_required") if off_session else _CONFIRM
        case "tok_confirm_always" if off_session:
            return Judged("failed", "authentication_required")
        case "tok_confirm_always":
            return _CONFIRM
        case "tok_expiring" if charges > 0 and not saves_only:
            return Judged("failed", "expired_card")
    return _PAID
