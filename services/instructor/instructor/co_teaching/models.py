"""Co-teaching: who teaches a course with which rights and share."""

from datetime import datetime
from decimal import Decimal

from chassis.db import Base, now
from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    DateTime,
    Identity,
    Index,
    Numeric,
    String,
    UniqueConstraint,
    false,
    func,
    true,
)
from sqlalchemy.orm import Mapped, mapped_column


class CourseInstructor(Base):
    """A teacher of a course, with rights and a share of its revenue in percent.

    `instructor_id` is the account's id, not the profile's.
    """

    __tablename__ = "instructor_portal_courseinstructor"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    course_id: Mapped[int] = mapped_column(BigInteger)
    instructor_id: Mapped[int] = mapped_column(BigInteger)
    role: Mapped[str] = mapped_column(String, server_default="co_instructor")
    is_active: Mapped[bool] = mapped_column(Boolean, server_default=true())
    is_lead: Mapped[bool] = mapped_column(Boolean, server_default=false())
    can_edit_content: Mapped[bool] = mapped_column(Boolean, server_default=false())
    can_manage_students: Mapped[bool] = mapped_column(Boolean, server_default=false())
    can_view_analytics: Mapped[bool] = mapped_column(Boolean, server_default=false())
    revenue_share_percentage: Mapped[Decimal] = mapped_column(Numeric(5, 2), server_default="0")
    joined_date: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    updated_date: Mapped[datetime] = mapped_column(
        DateTime(timezone=True), server_default=func.now(), onupdate=now
    )
    state_version: Mapped[int] = mapped_column(BigInteger, server_default="0")

    __table_args__ = (
        UniqueConstraint(
            "course_id", "instructor_id", name="unique_together_instructor_portal_courseinstructor"
        ),
        CheckConstraint(
            "revenue_share_percentage >= 0 AND revenue_share_percentage <= 100",
            name="valid_revenue_share_percentage",
        ),
        CheckConstraint(
            "role IN ('lead', 'co_instructor', 'assistant')",
            name="ck_instructor_portal_courseinstructor_role_known",
        ),
        Index("instructor__course__80570e_idx", "course_id", "is_active"),
        Index("instructor__instruc_6c0904_idx", "instructor_id", "is_active"),
        Index("instructor__role_dc193b_idx", "role", "is_active"),
    )


class TaughtCourse(Base):
    """A course as catalog published it, as far as teaching goes; the newest `version` wins, a deletion for good."""

    __tablename__ = "instructor_course"

    course_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    created_by_id: Mapped[int] = mapped_column(BigInteger, index=True)
    is_deleted: Mapped[bool] = mapped_column(Boolean, server_default=false())
    version: Mapped[int] = mapped_column(BigInteger)
