"""The payment port: what the platform asks of whoever takes the money. `sandbox` and `stripe` implement it.

It knows no subscription: amounts, currencies, keys, methods and receipts. A charge of 0 saves a method and takes
nothing. Every call has a deadline, and ends in one of three ways: an answer, `NotAttempted` (nothing was done), or
`OutcomeUnknown` (it may have been done; `find` with the same key tells, later).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal, Protocol

State = Literal["succeeded", "failed", "confirming", "pending", "cancelled"]


@dataclass(frozen=True, slots=True)
class Charge:
    """What is asked for. `method` is a token just brought by the client, or the id of a saved method."""

    key: str
    customer: str
    method: str
    amount: Decimal
    currency: str
    off_session: bool


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a charge. `amount` and `currency` are what was really taken."""

    state: State
    provider_id: str | None = None
    amount: Decimal = Decimal(0)
    currency: str = ""
    method_id: str | None = None
    method_label: str | None = None
    failure: str | None = None
    confirmation: Mapping[str, Any] | None = None
    receipt: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class RefundOutcome:
    """What became of a refund; `pending` for one that the provider is still at."""

    state: Literal["succeeded", "failed", "pending"]
    provider_id: str | None = None
    failure: str | None = None
    receipt: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Notice:
    """A webhook's event, verified. Which payment it is about, and the one thing of it that it tells."""

    event_id: str
    type: str
    provider_id: str | None = None
    key: str | None = None
    outcome: Outcome | None = None
    refunded: Decimal | None = None
    """All that was paid back of the payment by now."""
    dispute: Literal["open", "won", "lost"] | None = None


class Provider(Protocol):
    """Whoever takes the money."""

    @property
    def name(self) -> str: ...

    async def open_customer(self, key: str) -> str:
        """Begin to know somebody, of whom nothing is told but this key; the id they have there."""

    async def pay(self, charge: Charge) -> Outcome:
        """Charge once for `charge.key`, and keep the method for renewals when it succeeds."""

    async def look(self, provider_id: str) -> Outcome:
        """What became of a charge whose id is known."""

    async def find(self, customer: str, key: str, *, saves_only: bool) -> Outcome | None:
        """What became of the charge made with this key; None when there is none."""

    async def cancel(self, provider_id: str) -> Outcome:
        """Let a charge that waits for its payer come to nothing; its outcome when it had come to one."""

    async def refund(self, key: str, provider_id: str, amount: Decimal, currency: str) -> RefundOutcome:
        """Pay back once for this key."""

    async def find_refund(self, key: str, provider_id: str) -> RefundOutcome | None:
        """What became of the refund made with this key; None when there is none."""

    async def forget(self, customer: str, method_id: str | None) -> None:
        """Detach the saved method and delete the customer; a second time changes nothing."""

    def read_notice(self, body: bytes, headers: Mapping[str, str], instant: datetime) -> Notice:
        """The event in a webhook's body. Raises ForgedNotice unless it is the provider's and recent."""

    async def close(self) -> None: ...
