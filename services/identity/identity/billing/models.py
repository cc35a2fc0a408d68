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
    String,
    false,
    func,
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

    __table_args__ = (
        CheckConstraint("tier IN ('free', 'basic', 'premium')", name="ck_users_subscription_tier_known"),
        CheckConstraint(
            "status IN ('active', 'cancelled', 'past_due', 'expired')",
            name="ck_users_subscription_status_known",
        ),
    )
