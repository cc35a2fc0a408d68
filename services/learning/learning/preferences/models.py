"""Preferences: reminders, theme, language and accessibility."""

from datetime import datetime
from typing import Any

from chassis.db import Base, now
from sqlalchemy import BigInteger, Boolean, CheckConstraint, DateTime, Identity, String, func, true
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column


class UserPreference(Base):
    """A learner's preferences; `email_notifications` governs learning mail."""

    __tablename__ = "courses_userpreference"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    created_date: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    updated_date: Mapped[datetime] = mapped_column(
        DateTime(timezone=True), server_default=func.now(), onupdate=now
    )
    user_id: Mapped[int] = mapped_column(BigInteger, unique=True)
    email_notifications: Mapped[bool] = mapped_column(Boolean, server_default=true())
    reminder_frequency: Mapped[str] = mapped_column(String, server_default="weekly")
    theme: Mapped[str] = mapped_column(String, server_default="system")
    language: Mapped[str] = mapped_column(String, server_default="en")
    content_filters: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default="{}")
    accessibility: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default="{}")

    __table_args__ = (
        CheckConstraint(
            "reminder_frequency IN ('never', 'daily', 'weekly')",
            name="ck_courses_userpreference_reminder_frequency_known",
        ),
        CheckConstraint("theme IN ('system', 'light', 'dark')", name="ck_courses_userpreference_theme_known"),
    )
