"""Billing: the tier an account subscribes to."""

from datetime import datetime

from chassis.db import Base
from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    SmallInteger,
    String,
    false,
    func,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column


class Subscription(Base):
    """The tier of an account; one row each, from registration on."""

    __tablename__ = "users_subscription"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    user_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("users_customuser.id", ondelete="CASCADE"), unique=True
    )
    tier: Mapped[str] = mapped_column(String, server_default="free")
    status: Mapped[str] = mapped_column(String, server_default="active")
    start_date: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    end_date: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    is_auto_renew: Mapped[bool] = mapped_column(Boolean, server_default=false())
    last_payment_date: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    payment_method: Mapped[str | None] = mapped_column(String)
    payment_id: Mapped[str | None] = mapped_column(String)
    state_version: Mapped[int] = mapped_column(BigInteger, server_default="0")
    anchor_day: Mapped[int | None] = mapped_column(SmallInteger)
    """The day of the month on which a period ends, in months that have it."""
    next_tier: Mapped[str | None] = mapped_column(String)
    """A lesser tier from the end of the period on."""
    renew_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    """When the worker next tries to renew; None for never."""
    failed_renewals: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    """Since the last payment that succeeded."""

    __table_args__ = (
        CheckConstraint("tier IN ('free', 'basic', 'premium')", name="ck_users_subscription_tier_known"),
        CheckConstraint(
            "status IN ('active', 'cancelled', 'past_due', 'expired')",
            name="ck_users_subscription_status_known",
        ),
        CheckConstraint("anchor_day BETWEEN 1 AND 31", name="ck_users_subscription_anchor_day_of_a_month"),
        CheckConstraint("next_tier IN ('basic', 'premium')", name="ck_users_subscription_next_tier_known"),
        Index("ix_users_subscription_renew_at", "renew_at", postgresql_where=text("renew_at IS NOT NULL")),
        Index(
            "ix_users_subscription_ending",
            "end_date",
            postgresql_where=text("status <> 'expired' AND end_date IS NOT NULL"),
        ),
    )
