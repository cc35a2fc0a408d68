"""Statistics of a course."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from chassis.db import Base, now
from sqlalchemy import BigInteger, DateTime, Identity, Integer, Numeric, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column


class CourseStats(Base):
    """How a course does; `engagement_score` is between 0 and 100."""

    __tablename__ = "courses_coursestats"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    created_date: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    updated_date: Mapped[datetime] = mapped_column(
        DateTime(timezone=True), server_default=func.now(), onupdate=now
    )
    course_id: Mapped[int] = mapped_column(BigInteger, unique=True)
    total_students: Mapped[int] = mapped_column(Integer, server_default="0")
    active_students: Mapped[int] = mapped_column(Integer, server_default="0")
    completion_count: Mapped[int] = mapped_column(Integer, server_default="0")
    average_completion_days: Mapped[int] = mapped_column(Integer, server_default="0")
    engagement_score: Mapped[Decimal] = mapped_column(Numeric(5, 2), server_default="0")
    assessment_stats: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default="{}")
    revenue_data: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default="{}")
