"""Notifications: what an instructor is told."""

from datetime import datetime
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
    String,
    Text,
    false,
    func,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column


class InstructorNotification(Base):
    """Something an instructor is told."""

    __tablename__ = "instructor_portal_instructornotification"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    instructor_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("instructor_portal_instructorprofile.id", ondelete="CASCADE")
    )
    notification_type: Mapped[str] = mapped_column(String)
    priority: Mapped[str] = mapped_column(String, server_default="normal")
    title: Mapped[str] = mapped_column(String, server_default="")
    message: Mapped[str] = mapped_column(Text, server_default="")
    action_url: Mapped[str] = mapped_column(String, server_default="")
    action_text: Mapped[str] = mapped_column(String, server_default="")
    metadata_: Mapped[dict[str, Any]] = mapped_column("metadata", JSONB, server_default="{}")
    is_read: Mapped[bool] = mapped_column(Boolean, server_default=false())
    read_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    is_dismissed: Mapped[bool] = mapped_column(Boolean, server_default=false())
    dismissed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    email_sent: Mapped[bool] = mapped_column(Boolean, server_default=false())
    email_sent_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    created_date: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    expires_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))

    __table_args__ = (
        CheckConstraint(
            "notification_type IN ('enrollment', 'review', 'completion', 'payout', 'draft', 'account', "
            "'system')",
            name="ck_instructornotification_notification_type_known",
        ),
        CheckConstraint(
            "priority IN ('low', 'normal', 'high', 'urgent')",
            name="ck_instructor_portal_instructornotification_priority_known",
        ),
        Index("instructor__instruc_7d1457_idx", "instructor_id", "is_read", created_date.desc()),
        Index("instructor__instruc_bf496b_idx", "instructor_id", "notification_type"),
        Index("instructor__priorit_1cb57a_idx", "priority", "created_date"),
        Index("instructor__expires_657510_idx", "expires_at"),
    )
