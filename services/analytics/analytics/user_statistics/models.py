"""Statistics of a user."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from chassis.db import Base, now
from sqlalchemy import BigInteger, Date, DateTime, Double, Identity, Integer, Numeric, func
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
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


class FoldUser(Base):
    """See `rules.User`. Its row is the lock under which all that is this user's is folded."""

    __tablename__ = "fold_user"

    user_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    enrollments: Mapped[int] = mapped_column(Integer)
    enrolled: Mapped[int] = mapped_column(Integer)
    completed: Mapped[int] = mapped_column(Integer)
    seconds: Mapped[int] = mapped_column(BigInteger)
    scored: Mapped[int] = mapped_column(Integer)
    percents: Mapped[Decimal] = mapped_column(Numeric(30, 12))
    by_hour: Mapped[list[int]] = mapped_column(ARRAY(BigInteger))
    by_weekday: Mapped[list[int]] = mapped_column(ARRAY(BigInteger))
    active_days: Mapped[int] = mapped_column(Integer)
    steady_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    written_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    last_day: Mapped[date | None] = mapped_column(Date)
    run: Mapped[int] = mapped_column(Integer)
    told_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class FoldUserDay(Base):
    """How often a user was active on a UTC day; no row for none."""

    __tablename__ = "fold_user_day"

    user_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    moments: Mapped[int] = mapped_column(Integer)
