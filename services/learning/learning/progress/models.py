"""Progress: how far a learner is, by lesson and by course."""

from datetime import date, datetime
from decimal import Decimal

from chassis.db import Base, now
from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Date,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    Numeric,
    Text,
    UniqueConstraint,
    false,
    func,
)
from sqlalchemy.orm import Mapped, mapped_column


class Progress(Base):
    """A learner's progress in one lesson; `time_spent` is in seconds."""

    __tablename__ = "courses_progress"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    created_date: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    updated_date: Mapped[datetime] = mapped_column(
        DateTime(timezone=True), server_default=func.now(), onupdate=now
    )
    enrollment_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("courses_enrollment.id", ondelete="CASCADE")
    )
    lesson_id: Mapped[int] = mapped_column(BigInteger)
    is_completed: Mapped[bool] = mapped_column(Boolean, server_default=false())
    completed_date: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    time_spent: Mapped[int] = mapped_column(Integer, server_default="0")
    progress_percentage: Mapped[int] = mapped_column(Integer, server_default="0")
    notes: Mapped[str | None] = mapped_column(Text)
    last_accessed: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())

    __table_args__ = (
        UniqueConstraint("enrollment_id", "lesson_id", name="unique_progress_record"),
        Index("courses_pro_created_6822b9_idx", "created_date"),
        Index("courses_pro_updated_f54b15_idx", "updated_date"),
        Index("courses_pro_enrollm_e8bb03_idx", "enrollment_id", "is_completed"),
        Index("courses_pro_lesson__76321e_idx", "lesson_id", "is_completed"),
        Index("courses_pro_complet_5ebc5b_idx", "completed_date"),
        Index("courses_pro_progres_c67c74_idx", "progress_percentage"),
    )


class CourseProgress(Base):
    """A learner's progress in a course; `total_time_spent` is in seconds, days are UTC."""

    __tablename__ = "courses_courseprogress"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    created_date: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    updated_date: Mapped[datetime] = mapped_column(
        DateTime(timezone=True), server_default=func.now(), onupdate=now
    )
    user_id: Mapped[int] = mapped_column(BigInteger)
    course_id: Mapped[int] = mapped_column(BigInteger)
    completion_percentage: Mapped[Decimal] = mapped_column(Numeric(5, 2), server_default="0")
    last_accessed: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    started_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    completed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    current_lesson_id: Mapped[int | None] = mapped_column(BigInteger, index=True)
    total_time_spent: Mapped[int] = mapped_column(Integer, server_default="0")
    lessons_completed: Mapped[int] = mapped_column(Integer, server_default="0")
    assessments_passed: Mapped[int] = mapped_column(Integer, server_default="0")
    study_streak_days: Mapped[int] = mapped_column(Integer, server_default="0")
    last_study_date: Mapped[date | None] = mapped_column(Date)

    __table_args__ = (
        UniqueConstraint("user_id", "course_id", name="unique_course_progress"),
        CheckConstraint(
            "completion_percentage >= 0 AND completion_percentage <= 100",
            name="course_progress_percentage_range",
        ),
        CheckConstraint("lessons_completed >= 0", name="course_progress_lessons_completed_positive"),
        CheckConstraint("assessments_passed >= 0", name="course_progress_assessments_passed_positive"),
        CheckConstraint("study_streak_days >= 0", name="course_progress_study_streak_positive"),
        Index("courses_cou_created_6c9322_idx", "created_date"),
        Index("courses_cou_updated_2dc6a5_idx", "updated_date"),
        Index("courses_cou_course__4ab7f3_idx", "course_id", "completion_percentage"),
        Index("courses_cou_user_id_d1c82f_idx", "user_id", "last_accessed"),
        Index("courses_cou_complet_96dc1c_idx", "completion_percentage"),
        Index("courses_cou_complet_977240_idx", "completed_at"),
        Index("courses_cou_study_s_9cf964_idx", "study_streak_days"),
    )
