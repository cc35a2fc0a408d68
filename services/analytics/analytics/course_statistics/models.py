"""Statistics of a course."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from chassis.db import Base, now
from sqlalchemy import BigInteger, Boolean, Date, DateTime, Identity, Index, Integer, Numeric, func, text
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


class FoldCourse(Base):
    """See `rules.Course`. Its row is the lock under which all that is in this course is folded."""

    __tablename__ = "fold_course"

    course_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    version: Mapped[int] = mapped_column(BigInteger)
    is_published: Mapped[bool] = mapped_column(Boolean)
    lead_id: Mapped[int | None] = mapped_column(BigInteger, index=True)
    first_published_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    is_deleted: Mapped[bool] = mapped_column(Boolean)
    enrollments: Mapped[int] = mapped_column(Integer)
    completed: Mapped[int] = mapped_column(Integer)
    progress: Mapped[Decimal] = mapped_column(Numeric(14, 2))
    timed: Mapped[int] = mapped_column(Integer)
    microseconds: Mapped[Decimal] = mapped_column(Numeric(30, 0))
    students: Mapped[int] = mapped_column(Integer)
    active: Mapped[int] = mapped_column(Integer)
    attempted: Mapped[int] = mapped_column(Integer)
    wrote: Mapped[int] = mapped_column(Integer)
    assessments: Mapped[int] = mapped_column(Integer)
    reviews: Mapped[int] = mapped_column(Integer)
    ratings: Mapped[int] = mapped_column(BigInteger)
    satisfied: Mapped[int] = mapped_column(Integer)
    told_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class FoldParticipant(Base):
    """See `rules.Participant`. The partial index is what `decay` reads: those who may have fallen still."""

    __tablename__ = "fold_participant"

    course_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    user_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False, index=True)
    enrolled: Mapped[int] = mapped_column(Integer)
    graded: Mapped[int] = mapped_column(Integer)
    written: Mapped[int] = mapped_column(Integer)
    steady_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    written_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    last_on: Mapped[date | None] = mapped_column(Date)
    is_active: Mapped[bool] = mapped_column(Boolean)

    __table_args__ = (Index("ix_fold_participant_active", "last_on", postgresql_where=text("is_active")),)


class FoldAssessment(Base):
    """See `rules.Assessment`."""

    __tablename__ = "fold_assessment"

    assessment_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    course_id: Mapped[int] = mapped_column(BigInteger, index=True)
    version: Mapped[int] = mapped_column(BigInteger)
    present: Mapped[bool] = mapped_column(Boolean)
    attempts: Mapped[int] = mapped_column(Integer)
    graded: Mapped[int] = mapped_column(Integer)
    passed: Mapped[int] = mapped_column(Integer)
    scored: Mapped[int] = mapped_column(Integer)
    percents: Mapped[Decimal] = mapped_column(Numeric(30, 12))


class FoldQuestion(Base):
    """See `rules.Question`."""

    __tablename__ = "fold_question"

    assessment_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    question_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    seen: Mapped[int] = mapped_column(Integer)
    answered: Mapped[int] = mapped_column(Integer)
    correct: Mapped[int] = mapped_column(Integer)


class FoldMonth(Base):
    """See `rules.Month`."""

    __tablename__ = "fold_month"

    course_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    month: Mapped[date] = mapped_column(Date, primary_key=True)
    purchases: Mapped[int] = mapped_column(Integer)
    refunds: Mapped[int] = mapped_column(Integer)
    net: Mapped[Decimal] = mapped_column(Numeric(14, 2))
