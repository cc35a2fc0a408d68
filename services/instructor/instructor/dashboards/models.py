"""Dashboards: what an instructor sees first."""

from datetime import datetime

from chassis.db import Base, now
from sqlalchemy import BigInteger, Boolean, DateTime, ForeignKey, Identity, func, true
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column


class InstructorDashboard(Base):
    """How an instructor's dashboard is set up."""

    __tablename__ = "instructor_portal_instructordashboard"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    instructor_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("instructor_portal_instructorprofile.id", ondelete="CASCADE"), unique=True
    )
    show_analytics: Mapped[bool] = mapped_column(Boolean, server_default=true())
    show_recent_students: Mapped[bool] = mapped_column(Boolean, server_default=true())
    show_performance_metrics: Mapped[bool] = mapped_column(Boolean, server_default=true())
    show_revenue_charts: Mapped[bool] = mapped_column(Boolean, server_default=true())
    show_course_progress: Mapped[bool] = mapped_column(Boolean, server_default=true())
    notify_new_enrollments: Mapped[bool] = mapped_column(Boolean, server_default=true())
    notify_new_reviews: Mapped[bool] = mapped_column(Boolean, server_default=true())
    notify_course_completions: Mapped[bool] = mapped_column(Boolean, server_default=true())
    widget_order: Mapped[list[str]] = mapped_column(JSONB, server_default="[]")
    custom_colors: Mapped[dict[str, str]] = mapped_column(JSONB, server_default="{}")
    created_date: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    updated_date: Mapped[datetime] = mapped_column(
        DateTime(timezone=True), server_default=func.now(), onupdate=now
    )
