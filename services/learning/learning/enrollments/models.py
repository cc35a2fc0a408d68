"""Enrollments: who takes which course, and how that stands."""

from datetime import datetime

from chassis.db import Base, now
from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    Identity,
    Index,
    Integer,
    String,
    UniqueConstraint,
    func,
)
from sqlalchemy.orm import Mapped, mapped_column


class Enrollment(Base):
    """A learner in a course, once each: enrolling again reactivates the row.

    `total_time_spent` is in seconds. `completion_date` is set while the status is completed, and only then.
    """

    __tablename__ = "courses_enrollment"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    created_date: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    updated_date: Mapped[datetime] = mapped_column(
        DateTime(timezone=True), server_default=func.now(), onupdate=now
    )
    user_id: Mapped[int] = mapped_column(BigInteger)
    course_id: Mapped[int] = mapped_column(BigInteger)
    status: Mapped[str] = mapped_column(String, server_default="active")
    completion_date: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    last_accessed: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    enrolled_date: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    total_time_spent: Mapped[int] = mapped_column(Integer, server_default="0")
    progress_percentage: Mapped[int] = mapped_column(Integer, server_default="0")
    last_lesson_accessed_id: Mapped[int | None] = mapped_column(BigInteger, index=True)
    state_version: Mapped[int] = mapped_column(BigInteger, server_default="0")
    time_counted_until: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    """Own column: up to here the learner's time is spoken for; reported time counts from here on."""

    __table_args__ = (
        UniqueConstraint("user_id", "course_id", name="unique_active_enrollment"),
        CheckConstraint(
            "status IN ('active', 'completed', 'dropped')", name="ck_courses_enrollment_status_known"
        ),
        Index("courses_enr_created_2cb035_idx", "created_date"),
        Index("courses_enr_updated_05225a_idx", "updated_date"),
        Index("courses_enr_user_id_ce8b5b_idx", "user_id", "status"),
        Index("courses_enr_course__78d524_idx", "course_id", "status"),
        Index("courses_enr_status_4fd017_idx", "status"),
        Index("courses_enr_complet_57338c_idx", "completion_date"),
        Index("courses_enr_progres_dba947_idx", "progress_percentage"),
        Index("courses_enr_enrolle_17cda0_idx", "enrolled_date"),
    )
