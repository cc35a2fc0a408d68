"""The sandbox provider: takes no money, and is otherwise what a provider is.

It has its own books, written in transactions of its own: what it charged stays charged when the caller falls over
before it has noted it, just as with a provider elsewhere. It signs its receipts and its notices.
"""

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any, cast

import orjson
import uuid_utils.compat
from chassis.db import Database, now
from chassis.receipts import is_genuine, signed
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from identity.payments import queries, rules
from identity.payments.errors import ForgedNotice, ForgedReceipt
from identity.payments.models import SandboxIntent, SandboxMethod, SandboxRefund
from identity.payments.port import Charge, Notice, Outcome, RefundOutcome, State

NAME = "sandbox"
SIGNATURE = "sandbox-signature"


class Sandbox:
    """`secrets_`: what it signs with, the newest first; the older ones still verify. `now` is its clock."""

    name = NAME

    def __init__(self, database: Database, secrets_: Sequence[bytes], public_url: str) -> None:
        self._database = database
        self._secrets = tuple(secrets_)
        self._public_url = public_url.rstrip("/")

    async def open_customer(self, key: str) -> str:
        return f"cus_{hashlib.sha256(key.encode()).hexdigest()[:24]}"

    async def pay(self, charge: Charge) -> Outcome:
        async with self._database.transaction() as session:
            await _one_by_one(session, charge.key)
            intent = await queries.intent_by_key(session, charge.key)
            if intent is None:
                intent = await self._charge(session, charge)
            return await self._outcome(session, intent)

    async def _charge(self, session: AsyncSession, charge: Charge) -> SandboxIntent:
        method = await _method_of(session, charge)
        instant = now()
        intent = SandboxIntent(
            intent_id=f"pi_{uuid_utils.compat.uuid7().hex}",
            payment_key=charge.key,
            customer_id=charge.customer,
            method_id=None if method is None else method.method_id,
            amount=charge.amount,
            currency=charge.currency,
            status="failed",
            failure_code="unknown_method",
            client_secret=secrets.token_urlsafe(24),
            created_at=instant,
        )
        if method is not None:
            judged = rules.judge(
                method.token,
                charges=method.charges,
                is_confirmed=method.is_confirmed,
                off_session=charge.off_session,
                saves_only=charge.amount == 0,
            )
            intent.status, intent.failure_code = judged.verdict, judged.failure
            if judged.verdict == "succeeded":
                _count(method, intent)
        intent.settled_at = None if intent.status == "confirming" else instant
        session.add(intent)
        await session.flush()
        return intent

    async def look(self, provider_id: str) -> Outcome:
        async with self._database.transaction() as session:
            intent = await queries.lock_intent(session, provider_id)
            if intent is None:
                return Outcome("cancelled", provider_id, failure="unknown_payment")
            return await self._outcome(session, intent)

    async def find(self, customer: str, key: str, *, saves_only: bool) -> Outcome | None:
        async with self._database.transaction() as session:
            intent = await queries.intent_by_key(session, key)
            if intent is None or intent.customer_id != customer or (intent.amount == 0) != saves_only:
                return None
            return await self._outcome(session, intent)

    async def cancel(self, provider_id: str) -> Outcome:
        async with self._database.transaction() as session:
            intent = await queries.lock_intent(session, provider_id)
            if intent is None:
                return Outcome("cancelled", provider_id, failure="unknown_payment")
            if intent.status == "confirming":
                intent.status, intent.settled_at = "cancelled", now()
            return await self._outcome(session, intent)

    async def confirm(self, provider_id: str, *, agrees: bool) -> tuple[bytes, dict[str, str]] | None:
        """What the payer does at a real provider's page: agree, or refuse. The signed notice of what became of it,
        the same again when it was decided before; None for a charge that waits for nobody."""
        async with self._database.transaction() as session:
            intent = await queries.lock_intent(session, provider_id)
            if intent is None or intent.status == "cancelled":
                return None
            if intent.status == "confirming":
                method = await queries.method(session, intent.method_id)
                intent.settled_at = now()
                if agrees and method is not None and method.detached_at is None:
                    intent.status, method.is_confirmed = "succeeded", True
                    _count(method, intent)
                else:
                    intent.status, intent.failure_code = "failed", "authentication_failed"
            body = await self._notice(session, intent)
        return body, {SIGNATURE: rules.sign_notice(self._secrets[0], body, int(now().timestamp()))}

    async def _notice(self, session: AsyncSession, intent: SandboxIntent) -> bytes:
        outcome = await self._outcome(session, intent)
        told = {
            "payment": intent.intent_id,
            "payment_key": intent.payment_key,
            "status": intent.status,
            "failure_code": intent.failure_code,
            "amount": f"{intent.amount:.2f}",
            "currency": intent.currency,
            "method": outcome.method_id,
            "method_label": outcome.method_label,
            "receipt": outcome.receipt,
        }
        settled = f"evt_{intent.intent_id}_{intent.status}"
        return orjson.dumps({"id": settled, "type": f"payment.{intent.status}", "data": told})

    async def refund(self, key: str, provider_id: str, amount: Decimal, currency: str) -> RefundOutcome:
        async with self._database.transaction() as session:
            intent = await queries.lock_intent(session, provider_id)
            if (done := await queries.sandbox_refund_by_key(session, key)) is not None:
                return self._refunded(done, currency)
            if intent is None or intent.status != "succeeded" or intent.currency != currency:
                return RefundOutcome("failed", failure="unknown_payment")
            if await queries.sandbox_refunded(session, provider_id) + amount > intent.amount:
                return RefundOutcome("failed", failure="amount_too_large")
            made = SandboxRefund(
                refund_id=f"re_{uuid_utils.compat.uuid7().hex}",
                refund_key=key,
                intent_id=provider_id,
                amount=amount,
                created_at=now(),
            )
            session.add(made)
            return self._refunded(made, currency)

    async def find_refund(self, key: str, provider_id: str) -> RefundOutcome | None:
        async with self._database.transaction() as session:
            made = await queries.sandbox_refund_by_key(session, key)
            intent = await queries.lock_intent(session, provider_id)
            if made is None or intent is None or made.intent_id != provider_id:
                return None
            return self._refunded(made, intent.currency)

    async def forget(self, customer: str, method_id: str | None) -> None:
        async with self._database.transaction() as session:
            await queries.detach_methods(session, customer, now())

    def read_notice(self, body: bytes, headers: Mapping[str, str], instant: datetime) -> Notice:
        signature = headers.get(SIGNATURE, "")
        if not rules.is_signed(self._secrets, body, signature, int(instant.timestamp())):
            raise ForgedNotice
        try:
            told = orjson.loads(body)
            data = told["data"]
            return Notice(
                event_id=str(told["id"]),
                type=str(told["type"]),
                provider_id=data["payment"],
                key=data["payment_key"],
                outcome=self._told_outcome(data),
            )
        except (orjson.JSONDecodeError, KeyError, TypeError, InvalidOperation) as error:
            raise ForgedNotice from error

    def _told_outcome(self, data: Mapping[str, Any]) -> Outcome:
        if data["status"] not in ("succeeded", "failed", "cancelled"):
            raise ForgedNotice
        if data["status"] == "succeeded":
            self._require_genuine(data["receipt"])
        return Outcome(
            cast("State", data["status"]),
            data["payment"],
            amount=Decimal(data["amount"]),
            currency=data["currency"],
            method_id=data["method"],
            method_label=data["method_label"],
            failure=data["failure_code"],
            receipt=data["receipt"],
        )

    def _require_genuine(self, receipt: Mapping[str, Any]) -> None:
        if not any(is_genuine(secret, receipt) for secret in self._secrets):
            raise ForgedReceipt(f"the receipt of {receipt.get('payment_id')} is not signed by the sandbox")

    async def close(self) -> None:
        """The database is the caller's."""

    # --- answers --------------------------------------------------------------------------------------------

    async def _outcome(self, session: AsyncSession, intent: SandboxIntent) -> Outcome:
        method = await queries.method(session, intent.method_id)
        return Outcome(
            cast("State", intent.status),
            intent.intent_id,
            amount=intent.amount,
            currency=intent.currency,
            method_id=intent.method_id,
            method_label=None if method is None else f"sandbox {method.token}",
            failure=intent.failure_code,
            confirmation=self._confirmation(intent) if intent.status == "confirming" else None,
            receipt=self._receipt(intent) if intent.status == "succeeded" else None,
        )

    def _confirmation(self, intent: SandboxIntent) -> dict[str, Any]:
        """What stands for a bank's page: an address where the tester says yes or no."""
        return {
            "client_secret": intent.client_secret,
            "confirm_url": f"{self._public_url}/api/v1/payments/sandbox/{intent.intent_id}/confirm",
        }

    def _receipt(self, intent: SandboxIntent) -> dict[str, Any]:
        return signed(
            self._secrets[0],
            {
                "provider": NAME,
                "kind": "charge",
                "payment_id": intent.intent_id,
                "payment_key": intent.payment_key,
                "amount": f"{intent.amount:.2f}",
                "currency": intent.currency,
                "at": cast("datetime", intent.settled_at).isoformat(),
            },
        )

    def _refunded(self, made: SandboxRefund, currency: str) -> RefundOutcome:
        receipt = signed(
            self._secrets[0],
            {
                "provider": NAME,
                "kind": "refund",
                "payment_id": made.intent_id,
                "refund_id": made.refund_id,
                "payment_key": made.refund_key,
                "amount": f"{made.amount:.2f}",
                "currency": currency,
                "at": made.created_at.isoformat(),
            },
        )
        return RefundOutcome("succeeded", made.refund_id, receipt=receipt)


def _count(method: SandboxMethod, intent: SandboxIntent) -> None:
    if intent.amount > 0:
        method.charges += 1


async def _one_by_one(session: AsyncSession, key: str) -> None:
    """Two calls with one key that come at once are one charge: the second waits here, and finds it."""
    digest = hashlib.blake2b(f"sandbox\0{key}".encode(), digest_size=8).digest()
    lock = int.from_bytes(digest, "big", signed=True)
    await session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": lock})


async def _method_of(session: AsyncSession, charge: Charge) -> SandboxMethod | None:
    """The saved method, or a new one for a token; None where it is neither."""
    if charge.method not in rules.TOKENS:
        return await queries.lock_method(session, charge.method, charge.customer)
    made = SandboxMethod(
        method_id=f"pm_{uuid_utils.compat.uuid7().hex}",
        customer_id=charge.customer,
        token=charge.method,
        charges=0,
        is_confirmed=False,
    )
    session.add(made)
    await session.flush()
    return made
