"""Statistics of a user."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from chassis.db import Base, now
from sqlalchemy import BigInteger, DateTime, Double, Identity, Integer, Numeric, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column


class UserStats(Base):
    """What a user did.

    `learning_habits`: by_hour (24 counts), by_weekday (7, Monday first) and active_days, all in UTC.
    """

    __tablename__ = "courses_userstats"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    created_date: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    updated_date: Mapped[datetime] = mapped_column(
        DateTime(timezone=True), server_default=func.now(), onupdate=now
    )
    user_id: Mapped[int] = mapped_column(BigInteger, unique=True)
    courses_enrolled: Mapped[int] = mapped_column(Integer, server_default="0")
    courses_completed: Mapped[int] = mapped_column(Integer, server_default="0")
    total_time_spent_seconds: Mapped[int] = mapped_column(BigInteger, server_default="0")
    assessment_avg_score: Mapped[Decimal] = mapped_column(Numeric(5, 2), server_default="0")
    last_activity: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    activity_streak: Mapped[int] = mapped_column(Integer, server_default="0")
    learning_habits: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default="{}")


class UserLearningStatistics(Base):
    """What a user learned; `hours_spent` is the floor of the seconds."""

    __tablename__ = "content_userlearningstatistics"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    user_id: Mapped[int] = mapped_column(BigInteger, unique=True)
    courses_completed: Mapped[int] = mapped_column(Integer, server_default="0")
    hours_spent: Mapped[int] = mapped_column(Integer, server_default="0")
    average_score: Mapped[float] = mapped_column(Double, server_default="0")
    last_updated: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
