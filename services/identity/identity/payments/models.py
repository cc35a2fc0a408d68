"""Payments, money paid back, who people are to a provider; and the sandbox provider's own books."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from chassis.db import Base
from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    Numeric,
    String,
    Text,
    UniqueConstraint,
    false,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

_OPEN = text("status IN ('pending', 'confirming')")


class Payment(Base):
    """Money asked of somebody for a tier; on record, and committed, before the provider hears of it.

    `user_id` has no foreign key: payments outlive the account, under its tombstone. `for_end` is the end of the
    subscription that the payment was made upon: a renewal carries on from there.
    """

    __tablename__ = "subscription_payments"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    user_id: Mapped[int] = mapped_column(BigInteger)
    kind: Mapped[str] = mapped_column(String)
    """start, upgrade, renewal; or method, which only saves one. An amount of 0 saves the method and takes nothing."""
    tier: Mapped[str] = mapped_column(String)
    amount: Mapped[Decimal] = mapped_column(Numeric(12, 2))
    currency: Mapped[str] = mapped_column(String(3))
    for_end: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    period_start: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    period_end: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    status: Mapped[str] = mapped_column(String, server_default="pending")
    """pending: what the provider did is not known yet. confirming: it waits for the payer. returned: it was paid
    when it could buy nothing any more, and goes back."""
    provider: Mapped[str] = mapped_column(String)
    payment_key: Mapped[str] = mapped_column(Text, unique=True)
    """The provider charges once for a key, however often it is asked; we find the charge by it."""
    method: Mapped[str] = mapped_column(Text)
    method_label: Mapped[str | None] = mapped_column(Text)
    provider_payment_id: Mapped[str | None] = mapped_column(Text)
    failure_code: Mapped[str | None] = mapped_column(String)
    confirmation: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    receipt: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    refunded_amount: Mapped[Decimal] = mapped_column(Numeric(12, 2), server_default="0")
    dispute: Mapped[str | None] = mapped_column(String)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    check_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    """When the worker asks the provider what became of it, should nobody have told by then."""
    settled_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))

    __table_args__ = (
        CheckConstraint(
            "kind IN ('start', 'upgrade', 'renewal', 'method')", name="ck_subscription_payments_kind_known"
        ),
        CheckConstraint("tier IN ('basic', 'premium')", name="ck_subscription_payments_tier_known"),
        CheckConstraint(
            "status IN ('pending', 'confirming', 'succeeded', 'returned', 'failed', 'cancelled')",
            name="ck_subscription_payments_status_known",
        ),
        CheckConstraint(
            "amount >= 0 AND (amount = 0 OR kind <> 'method')", name="ck_subscription_payments_amount_due"
        ),
        CheckConstraint(
            "refunded_amount BETWEEN 0 AND amount", name="ck_subscription_payments_refunded_at_most_paid"
        ),
        CheckConstraint("dispute IN ('open', 'won', 'lost')", name="ck_subscription_payments_dispute_known"),
        Index("ix_subscription_payments_user_id_id", "user_id", "id"),
        # One open payment a person: nobody pays twice because two requests came at once.
        Index("uq_subscription_payments_user_id_open", "user_id", unique=True, postgresql_where=_OPEN),
        # One renewal a period, whatever the workers do.
        Index(
            "uq_subscription_payments_renewal",
            "user_id",
            "for_end",
            unique=True,
            postgresql_where=text("kind = 'renewal' AND status IN ('pending', 'confirming', 'succeeded')"),
        ),
        Index(
            "uq_subscription_payments_provider_payment_id",
            "provider",
            "provider_payment_id",
            unique=True,
            postgresql_where=text("provider_payment_id IS NOT NULL"),
        ),
        Index("ix_subscription_payments_check_at", "check_at", postgresql_where=_OPEN),
    )


class Refund(Base):
    """Money going back; like a payment, on record before the provider hears of it.

    `requested_by_id` is the admin; None where the platform itself gives back what bought nothing.
    """

    __tablename__ = "payment_refunds"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    payment_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("subscription_payments.id", ondelete="RESTRICT"), index=True
    )
    amount: Mapped[Decimal] = mapped_column(Numeric(12, 2))
    refund_key: Mapped[str] = mapped_column(Text, unique=True)
    reason: Mapped[str] = mapped_column(Text, server_default="")
    requested_by_id: Mapped[int | None] = mapped_column(BigInteger)
    status: Mapped[str] = mapped_column(String, server_default="pending")
    provider_refund_id: Mapped[str | None] = mapped_column(Text)
    failure_code: Mapped[str | None] = mapped_column(String)
    receipt: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    check_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    settled_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))

    __table_args__ = (
        CheckConstraint("amount > 0", name="ck_payment_refunds_amount_positive"),
        CheckConstraint(
            "status IN ('pending', 'succeeded', 'failed')", name="ck_payment_refunds_status_known"
        ),
        Index("ix_payment_refunds_check_at", "check_at", postgresql_where=text("status = 'pending'")),
    )


class Customer(Base):
    """Who a person is to a provider, and what they pay with. The provider is told nothing about the person.

    `forget_at`: the account is gone, and the worker has the provider forget the customer from then on.
    """

    __tablename__ = "payment_customers"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    user_id: Mapped[int] = mapped_column(BigInteger)
    provider: Mapped[str] = mapped_column(String)
    customer_id: Mapped[str] = mapped_column(Text)
    method_id: Mapped[str | None] = mapped_column(Text)
    method_label: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    forget_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))

    __table_args__ = (
        UniqueConstraint("user_id", "provider", name="uq_payment_customers_user_id_provider"),
        UniqueConstraint("provider", "customer_id", name="uq_payment_customers_provider_customer_id"),
        Index("ix_payment_customers_forget_at", "forget_at", postgresql_where=text("forget_at IS NOT NULL")),
    )


class PaymentNotice(Base):
    """A webhook's event that was handled: it is not handled again."""

    __tablename__ = "payment_notices"

    provider: Mapped[str] = mapped_column(String, primary_key=True)
    event_id: Mapped[str] = mapped_column(Text, primary_key=True)
    type: Mapped[str] = mapped_column(Text)
    received_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), index=True)


class SandboxMethod(Base):
    """A test token, kept by the sandbox for a customer; what it does next depends on what it did before."""

    __tablename__ = "sandbox_methods"

    method_id: Mapped[str] = mapped_column(Text, primary_key=True)
    customer_id: Mapped[str] = mapped_column(Text, index=True)
    token: Mapped[str] = mapped_column(Text)
    charges: Mapped[int] = mapped_column(Integer, server_default="0")
    is_confirmed: Mapped[bool] = mapped_column(Boolean, server_default=false())
    detached_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class SandboxIntent(Base):
    """What the sandbox was asked to charge (0: a method to save), and what came of it."""

    __tablename__ = "sandbox_intents"

    intent_id: Mapped[str] = mapped_column(Text, primary_key=True)
    payment_key: Mapped[str] = mapped_column(Text, unique=True)
    customer_id: Mapped[str] = mapped_column(Text)
    method_id: Mapped[str | None] = mapped_column(Text)
    amount: Mapped[Decimal] = mapped_column(Numeric(12, 2))
    currency: Mapped[str] = mapped_column(String(3))
    status: Mapped[str] = mapped_column(String)
    failure_code: Mapped[str | None] = mapped_column(String)
    client_secret: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    settled_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))

    __table_args__ = (
        CheckConstraint(
            "status IN ('succeeded', 'confirming', 'failed', 'cancelled')",
            name="ck_sandbox_intents_status_known",
        ),
        CheckConstraint("amount >= 0", name="ck_sandbox_intents_amount_not_negative"),
    )


class SandboxRefund(Base):
    """What the sandbox paid back."""

    __tablename__ = "sandbox_refunds"

    refund_id: Mapped[str] = mapped_column(Text, primary_key=True)
    refund_key: Mapped[str] = mapped_column(Text, unique=True)
    intent_id: Mapped[str] = mapped_column(
        Text, ForeignKey("sandbox_intents.intent_id", ondelete="RESTRICT"), index=True
    )
    amount: Mapped[Decimal] = mapped_column(Numeric(12, 2))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))

    __table_args__ = (CheckConstraint("amount > 0", name="ck_sandbox_refunds_amount_positive"),)
