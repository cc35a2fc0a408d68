"""Purchases, and the sandbox provider's own books."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from chassis.db import Base
from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Numeric,
    String,
    Text,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column


class Purchase(Base):
    """A course bought: what was paid for the enrollment, and the provider's signed receipts."""

    __tablename__ = "purchases"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    enrollment_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("courses_enrollment.id", ondelete="RESTRICT")
    )
    user_id: Mapped[int] = mapped_column(BigInteger, index=True)
    course_id: Mapped[int] = mapped_column(BigInteger)
    amount: Mapped[Decimal] = mapped_column(Numeric(12, 2))
    currency: Mapped[str] = mapped_column(String(3))
    provider: Mapped[str] = mapped_column(String)
    payment_key: Mapped[str] = mapped_column(Text, unique=True)
    """What makes the charge idempotent: the enrollment, and its how-many-th purchase this is."""
    payment_id: Mapped[str] = mapped_column(Text, unique=True)
    receipt: Mapped[dict[str, Any]] = mapped_column(JSONB)
    status: Mapped[str] = mapped_column(String, server_default="paid")
    purchased_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    refunded_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    refund_receipt: Mapped[dict[str, Any] | None] = mapped_column(JSONB)

    __table_args__ = (
        CheckConstraint("status IN ('paid', 'refunded')", name="ck_purchases_status_known"),
        CheckConstraint("amount > 0", name="ck_purchases_amount_positive"),
        CheckConstraint(
            "(status = 'refunded') = (refunded_at IS NOT NULL)", name="ck_purchases_refunded_has_its_time"
        ),
        Index("ix_purchases_course_id_purchased_at", "course_id", "purchased_at"),
        # One purchase in force an enrollment: nobody pays twice for what they have.
        Index(
            "uq_purchases_enrollment_id_paid",
            "enrollment_id",
            unique=True,
            postgresql_where=text("status = 'paid'"),
        ),
        Index("ix_purchases_enrollment_id", "enrollment_id"),
    )


class SandboxCharge(Base):
    """A charge in the sandbox's books. They are in this database, so a charge and what it pays for commit as one."""

    __tablename__ = "sandbox_charges"

    payment_id: Mapped[str] = mapped_column(Text, primary_key=True)
    payment_key: Mapped[str] = mapped_column(Text, unique=True)
    amount: Mapped[Decimal] = mapped_column(Numeric(12, 2))
    currency: Mapped[str] = mapped_column(String(3))
    charged_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    refunded_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
