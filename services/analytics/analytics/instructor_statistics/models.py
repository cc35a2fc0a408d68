"""Statistics of an instructor, and their history."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from chassis.db import Base
from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Date,
    DateTime,
    Double,
    Identity,
    Index,
    Integer,
    Numeric,
    String,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column


class InstructorStatistics(Base):
    """What an instructor reached, by account."""

    __tablename__ = "content_instructorstatistics"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    user_id: Mapped[int] = mapped_column(BigInteger, unique=True)
    courses_created: Mapped[int] = mapped_column(Integer, server_default="0")
    total_students: Mapped[int] = mapped_column(Integer, server_default="0")
    average_rating: Mapped[float] = mapped_column(Double, server_default="0")
    last_updated: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())


class InstructorAnalytics(Base):
    """How an instructor does, by profile.

    `last_updated` is the last change by a fact, `last_calculated` the last full recomputation.
    """

    __tablename__ = "instructor_portal_instructoranalytics"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    instructor_id: Mapped[int] = mapped_column(BigInteger, unique=True)
    total_students: Mapped[int] = mapped_column(Integer, server_default="0")
    total_courses: Mapped[int] = mapped_column(Integer, server_default="0")
    average_rating: Mapped[Decimal] = mapped_column(Numeric(3, 2), server_default="0")
    total_reviews: Mapped[int] = mapped_column(Integer, server_default="0")
    total_revenue: Mapped[Decimal] = mapped_column(Numeric(12, 2), server_default="0")
    completion_rate: Mapped[Decimal] = mapped_column(Numeric(5, 2), server_default="0")
    student_satisfaction_rate: Mapped[Decimal] = mapped_column(Numeric(5, 2), server_default="0")
    monthly_revenue: Mapped[Decimal] = mapped_column(Numeric(12, 2), server_default="0")
    last_updated: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    last_calculated: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))

    __table_args__ = (
        CheckConstraint("average_rating >= 0 AND average_rating <= 5", name="analytics_valid_rating"),
        CheckConstraint("total_revenue >= 0 AND monthly_revenue >= 0", name="analytics_positive_revenue"),
        Index("instructor__instruc_b18673_idx", "instructor_id", "last_updated"),
        Index("instructor__total_s_6586c2_idx", "total_students", "average_rating"),
    )


class InstructorAnalyticsHistory(Base):
    """A snapshot of an instructor's numbers; `date` is the first instant of its period, UTC."""

    __tablename__ = "instructor_portal_instructoranalyticshistory"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    instructor_id: Mapped[int] = mapped_column(BigInteger)
    date: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    total_students: Mapped[int] = mapped_column(Integer, server_default="0")
    total_courses: Mapped[int] = mapped_column(Integer, server_default="0")
    average_rating: Mapped[Decimal] = mapped_column(Numeric(3, 2), server_default="0")
    total_revenue: Mapped[Decimal] = mapped_column(Numeric(12, 2), server_default="0")
    completion_rate: Mapped[Decimal] = mapped_column(Numeric(5, 2), server_default="0")
    data_type: Mapped[str] = mapped_column(String)
    additional_data: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default="{}")

    __table_args__ = (
        CheckConstraint(
            "data_type IN ('daily', 'weekly', 'monthly')",
            name="ck_instructor_portal_instructoranalyticshistory_data_type_known",
        ),
        Index("instructor__instruc_a853b6_idx", "instructor_id", date.desc()),
        Index("instructor__instruc_105e89_idx", "instructor_id", "data_type", date.desc()),
    )


class FoldProfile(Base):
    """See `rules.Profile`."""

    __tablename__ = "fold_profile"

    profile_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    user_id: Mapped[int] = mapped_column(BigInteger, index=True)
    version: Mapped[int] = mapped_column(BigInteger)
    status: Mapped[str] = mapped_column(String)


class FoldShare(Base):
    """See `rules.Share`."""

    __tablename__ = "fold_share"

    course_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    user_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False, index=True)
    effective_from: Mapped[datetime] = mapped_column(DateTime(timezone=True), primary_key=True)
    version: Mapped[int] = mapped_column(BigInteger)
    percentage: Mapped[Decimal] = mapped_column(Numeric(5, 2))


class FoldTeacher(Base):
    """See `rules.Teacher`. Its row is the lock under which an instructor's numbers are made."""

    __tablename__ = "fold_teacher"

    user_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    students: Mapped[int] = mapped_column(Integer)
    told_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class FoldTeacherStudent(Base):
    """In how many of the courses that somebody teaches now a user is a student; no row for none.

    So a student of two of their courses is one student, and leaving one of the two changes nothing.
    """

    __tablename__ = "fold_teacher_student"

    teacher_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    student_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    courses: Mapped[int] = mapped_column(Integer)

    __table_args__ = (
        Index("ix_fold_teacher_student_none", "teacher_id", postgresql_where=text("courses = 0")),
    )


class FoldRevenue(Base):
    """What a month's purchases of a course brought one of its instructors. Exact: not yet rounded."""

    __tablename__ = "fold_revenue"

    course_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    user_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False, index=True)
    month: Mapped[date] = mapped_column(Date, primary_key=True)
    amount: Mapped[Decimal] = mapped_column(Numeric(20, 6))
