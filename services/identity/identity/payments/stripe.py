"""Stripe: PaymentIntents for money, SetupIntents for a method alone, through its own library.

Every POST that moves money carries our key as its Idempotency-Key, and as metadata: by that we find again what was
charged when the answer was lost, also when Stripe has forgotten the Idempotency-Key (it keeps one for a day). The
library never repeats by itself: what a time-out left unknown is asked after, by us, later.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import structlog

from identity.payments.errors import ForgedNotice, NotAttempted, OutcomeUnknown
from identity.payments.port import Charge, Notice, Outcome, RefundOutcome, State
from identity.payments.rules import from_minor_units, is_signed, minor_units

if TYPE_CHECKING:
    from stripe import StripeClient

log = structlog.get_logger()

NAME = "stripe"
API_VERSION = "2026-10-28.endive"
"""Pinned: what Stripe answers changes when we change this, and not when somebody clicks in its dashboard."""
SIGNATURE = "stripe-signature"
KEY = "lyceum_payment"
"""The metadata by which a payment, and by its like a refund, is found again."""
REFUND_KEY = "lyceum_refund"
LISTED_AT_MOST = 100
"""Of a customer's newest intents, and of a payment's refunds, how many are looked through."""
EXPANDED_PAYMENT = ["payment_method", "latest_charge"]
EXPANDED_SETUP = ["payment_method"]

_PAYMENT_STATES: dict[str, State] = {
    "succeeded": "succeeded",
    "requires_action": "confirming",
    "requires_payment_method": "failed",
    "canceled": "cancelled",
}
_UNKNOWN_METHOD = ("payment_method", "payment_method_data")

Json = dict[str, Any]


class Stripe:
    """One account at Stripe. The library (30 MB) is imported with the first call."""

    name = NAME

    def __init__(self, *, secret_key: str, webhook_secret: str, api_base: str, timeout: float) -> None:
        self._secret_key = secret_key
        self._webhook_secret = webhook_secret.encode()
        self._api_base = api_base.rstrip("/")
        self._timeout = timeout

    @cached_property
    def _client(self) -> "StripeClient":
        import stripe

        stripe.enable_telemetry = False
        return stripe.StripeClient(
            self._secret_key,
            stripe_version=API_VERSION,
            base_addresses={"api": self._api_base},
            max_network_retries=0,
            http_client=stripe.HTTPXClient(timeout=self._timeout),
        )

    # --- customers ------------------------------------------------------------------------------------------

    async def open_customer(self, key: str) -> str:
        wanted: Any = {"metadata": {"lyceum_customer": key}}
        try:
            made = await self._asked(lambda c: c.v1.customers.create_async(wanted, {"idempotency_key": key}))
        except _Refused as refusal:
            raise NotAttempted(refusal.text) from refusal
        return str(made["id"])

    async def forget(self, customer: str, method_id: str | None) -> None:
        if method_id is not None:
            await self._gone(lambda c: c.v1.payment_methods.detach_async(method_id))
        await self._gone(lambda c: c.v1.customers.delete_async(customer))

    async def _gone(self, call: Callable[["StripeClient"], Awaitable[Any]]) -> None:
        """Undo something, or find it undone: Stripe refuses to detach twice."""
        try:
            await self._asked(call)
        except _Refused as refusal:
            if refusal.status != 404 and "not attached" not in refusal.text:
                raise NotAttempted(refusal.text) from refusal

    # --- charges --------------------------------------------------------------------------------------------

    async def pay(self, charge: Charge) -> Outcome:
        try:
            if charge.amount == 0:
                return _outcome(await self._set_up(charge))
            return _outcome(await self._charge(charge))
        except _Refused as refusal:
            return _refusal(refusal)

    async def _charge(self, charge: Charge) -> Json:
        wanted: Any = {
            "amount": minor_units(charge.amount, charge.currency),
            "currency": charge.currency.lower(),
            "customer": charge.customer,
            "payment_method": charge.method,
            "confirm": True,
            # Methods that lead away to a bank's page and back have nowhere to come back to in an API.
            "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"},
            "metadata": {KEY: charge.key},
            "expand": EXPANDED_PAYMENT,
        }
        if charge.off_session:
            wanted["off_session"] = True
        else:
            wanted["setup_future_usage"] = "off_session"
        return await self._asked(
            lambda c: c.v1.payment_intents.create_async(wanted, {"idempotency_key": charge.key})
        )

    async def _set_up(self, charge: Charge) -> Json:
        wanted: Any = {
            "customer": charge.customer,
            "payment_method": charge.method,
            "confirm": True,
            "usage": "off_session",
            "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"},
            "metadata": {KEY: charge.key},
            "expand": EXPANDED_SETUP,
        }
        return await self._asked(
            lambda c: c.v1.setup_intents.create_async(wanted, {"idempotency_key": charge.key})
        )

    async def look(self, provider_id: str) -> Outcome:
        try:
            return _outcome(await self._read(provider_id))
        except _Refused as refusal:
            raise NotAttempted(refusal.text) from refusal

    async def _read(self, provider_id: str) -> Json:
        if _is_setup(provider_id):
            return await self._asked(
                lambda c: c.v1.setup_intents.retrieve_async(provider_id, {"expand": EXPANDED_SETUP})
            )
        return await self._asked(
            lambda c: c.v1.payment_intents.retrieve_async(
                provider_id,
                {"expand": EXPANDED_PAYMENT},  # type: ignore[typeddict-item,unused-ignore]
            )
        )

    async def find(self, customer: str, key: str, *, saves_only: bool) -> Outcome | None:
        wanted: Any = {"customer": customer, "limit": LISTED_AT_MOST}
        try:
            if saves_only:
                listed = await self._asked(lambda c: c.v1.setup_intents.list_async(wanted))
            else:
                listed = await self._asked(lambda c: c.v1.payment_intents.list_async(wanted))
        except _Refused as refusal:
            if refusal.status == 404 or refusal.code == "resource_missing":
                return None
            raise NotAttempted(refusal.text) from refusal
        found = _with_metadata(listed["data"], KEY, key)
        return None if found is None else await self.look(found["id"])

    async def cancel(self, provider_id: str) -> Outcome:
        try:
            if _is_setup(provider_id):
                return _outcome(await self._asked(lambda c: c.v1.setup_intents.cancel_async(provider_id)))
            return _outcome(await self._asked(lambda c: c.v1.payment_intents.cancel_async(provider_id)))
        except _Refused:
            # It had come to an end by itself: to which, it says itself.
            return await self.look(provider_id)

    # --- refunds --------------------------------------------------------------------------------------------

    async def refund(self, key: str, provider_id: str, amount: Decimal, currency: str) -> RefundOutcome:
        wanted: Any = {
            "payment_intent": provider_id,
            "amount": minor_units(amount, currency),
            "metadata": {REFUND_KEY: key},
        }
        try:
            made = await self._asked(lambda c: c.v1.refunds.create_async(wanted, {"idempotency_key": key}))
        except _Refused as refusal:
            return RefundOutcome("failed", failure=refusal.code or "refused")
        return _refund_outcome(made)

    async def find_refund(self, key: str, provider_id: str) -> RefundOutcome | None:
        wanted: Any = {"payment_intent": provider_id, "limit": LISTED_AT_MOST}
        try:
            listed = await self._asked(lambda c: c.v1.refunds.list_async(wanted))
        except _Refused as refusal:
            raise NotAttempted(refusal.text) from refusal
        found = _with_metadata(listed["data"], REFUND_KEY, key)
        return None if found is None else _refund_outcome(found)

    # --- notices --------------------------------------------------------------------------------------------

    def read_notice(self, body: bytes, headers: Mapping[str, str], instant: datetime) -> Notice:
        # By our own few lines and not the library's, which would be imported for it, knows no clock but the
        # machine's, and takes a notice from the future.
        signature = headers.get(SIGNATURE, "")
        if not is_signed([self._webhook_secret], body, signature, int(instant.timestamp())):
            raise ForgedNotice
        try:
            event = json.loads(body)
            return _notice(event, event["data"]["object"])
        except (ValueError, KeyError, TypeError) as error:
            raise ForgedNotice from error

    async def close(self) -> None:
        if "_client" in self.__dict__:
            await self._client._requestor._client.close_async()  # type: ignore[union-attr,unused-ignore]  # noqa: SLF001 - it has no other way

    # --- asking ---------------------------------------------------------------------------------------------

    async def _asked(self, call: Callable[["StripeClient"], Awaitable[Any]]) -> Json:
        """The answer as plain JSON. Raises _Refused for what Stripe decided, NotAttempted for what it did not look
        at, OutcomeUnknown for everything after which it may have done it or not."""
        import stripe

        try:
            async with asyncio.timeout(self._timeout):
                answered = await call(self._client)
        except (stripe.RateLimitError, stripe.AuthenticationError, stripe.PermissionError) as error:
            log.warning("stripe did not look at a request", error=type(error).__name__, code=error.code)
            raise NotAttempted(type(error).__name__) from error
        except (stripe.CardError, stripe.InvalidRequestError) as error:
            raise _Refused(error) from error
        except (stripe.StripeError, TimeoutError) as error:
            log.warning("stripe did not answer", error=type(error).__name__, cause=repr(error.__cause__))
            raise OutcomeUnknown(type(error).__name__) from error
        plain: Json = answered.to_dict()
        return plain


class _Refused(Exception):
    """Stripe's decision not to: the card was declined, or the request is against a rule."""

    def __init__(self, error: Any) -> None:
        super().__init__(type(error).__name__)
        told = error.json_body.get("error", {}) if isinstance(error.json_body, dict) else {}
        self.status: int = error.http_status or 0
        self.is_card = told.get("type") == "card_error"
        self.code: str | None = told.get("code")
        self.decline_code: str | None = told.get("decline_code")
        self.param: str = told.get("param") or ""
        self.text: str = told.get("message") or ""
        intent = told.get("payment_intent") or told.get("setup_intent") or {}
        self.intent_id: str | None = intent.get("id") if isinstance(intent, dict) else None


def _refusal(refusal: _Refused) -> Outcome:
    """A charge that Stripe refused, as what became of it."""
    if refusal.is_card:
        # The bank's own word where there is one; but that the payer is needed says more than "declined".
        why = refusal.code if refusal.code == "authentication_required" else None
        failure = why or refusal.decline_code or refusal.code or "card_declined"
        return Outcome("failed", refusal.intent_id, failure=failure)
    if refusal.param.startswith(_UNKNOWN_METHOD):
        return Outcome("failed", refusal.intent_id, failure="unknown_method")
    log.error("stripe refused a charge", code=refusal.code, param=refusal.param, text=refusal.text)
    return Outcome("failed", refusal.intent_id, failure=refusal.code or "refused")


def _is_setup(provider_id: str) -> bool:
    return provider_id.startswith("seti_")


def _with_metadata(listed: Sequence[Json], name: str, value: str) -> Json | None:
    return next((one for one in listed if (one.get("metadata") or {}).get(name) == value), None)


def _outcome(intent: Json) -> Outcome:
    """What a PaymentIntent or SetupIntent says of itself; whether it is expanded or as a webhook brings it."""
    # Whatever else there is (processing, requires_capture) comes to one of these by itself, or by us never.
    state = _PAYMENT_STATES.get(intent["status"], "pending")
    currency = (intent.get("currency") or "").upper()
    error = intent.get("last_payment_error") or intent.get("last_setup_error") or {}
    method = intent.get("payment_method")
    taken = intent.get("amount_received") or 0
    return Outcome(
        state,
        intent["id"],
        amount=from_minor_units(taken, currency),
        currency=currency,
        method_id=method["id"] if isinstance(method, dict) else method,
        method_label=_label(method) if isinstance(method, dict) else None,
        failure=error.get("decline_code") or error.get("code") or ("declined" if state == "failed" else None),
        confirmation={"client_secret": intent["client_secret"]} if state == "confirming" else None,
        receipt=_receipt(intent, from_minor_units(taken, currency), currency)
        if state == "succeeded"
        else None,
    )


def _label(method: Json) -> str:
    """`visa 4242`: for people to know their card by."""
    card = method.get("card")
    if isinstance(card, dict):
        return f"{card.get('brand', 'card')} {card.get('last4', '')}".strip()
    return str(method.get("type", "stripe"))


def _receipt(intent: Json, amount: Decimal, currency: str) -> Json:
    charge = intent.get("latest_charge")
    expanded = charge if isinstance(charge, dict) else {}
    at = datetime.fromtimestamp(expanded.get("created") or intent["created"], UTC)
    return {
        "provider": NAME,
        "kind": "charge",
        "payment_id": intent["id"],
        "payment_key": (intent.get("metadata") or {}).get(KEY, ""),
        "amount": f"{amount:.2f}",
        "currency": currency,
        "at": at.isoformat(),
        "url": expanded.get("receipt_url"),
    }


def _refund_outcome(refund: Json) -> RefundOutcome:
    states: dict[str, Literal["succeeded", "failed", "pending"]] = {
        "succeeded": "succeeded",
        "failed": "failed",
        "canceled": "failed",
    }
    currency = refund["currency"].upper()
    amount = from_minor_units(refund["amount"], currency)
    return RefundOutcome(
        states.get(refund["status"], "pending"),
        refund["id"],
        failure=refund.get("failure_reason"),
        receipt={
            "provider": NAME,
            "kind": "refund",
            "payment_id": refund["payment_intent"],
            "refund_id": refund["id"],
            "amount": f"{amount:.2f}",
            "currency": currency,
            "at": datetime.fromtimestamp(refund["created"], UTC).isoformat(),
        },
    )


_INTENT_EVENTS = ("succeeded", "payment_failed", "setup_failed", "canceled")


def _notice(event: Json, told: Json) -> Notice:
    """The event of a webhook that is about a payment; any other carries nothing but its name."""
    event_id, what = str(event["id"]), str(event["type"])
    subject, _, happened = what.rpartition(".")
    if subject in ("payment_intent", "setup_intent") and happened in _INTENT_EVENTS:
        key = (told.get("metadata") or {}).get(KEY)
        return Notice(event_id, what, told["id"], key, outcome=_outcome(told))
    if what == "charge.refunded":
        refunded = from_minor_units(told["amount_refunded"], told["currency"].upper())
        key = (told.get("metadata") or {}).get(KEY)
        return Notice(event_id, what, told.get("payment_intent"), key, refunded=refunded)
    if subject == "charge.dispute":
        dispute = _dispute(told["status"])
        return Notice(event_id, what, told.get("payment_intent"), dispute=dispute)
    return Notice(event_id, what)


def _dispute(status: str) -> Literal["open", "won", "lost"]:
    """`warning_closed`: the bank asked and did not go on."""
    if status == "lost":
        return "lost"
    return "won" if status in ("won", "warning_closed") else "open"
