"""Assessments: the test of a lesson, and its rules."""

from datetime import datetime

from chassis.db import Base, now
from sqlalchemy import (
    BigInteger,
    Boolean,
    Computed,
    DateTime,
    Identity,
    Index,
    Integer,
    String,
    Text,
    false,
    func,
    true,
)
from sqlalchemy.orm import Mapped, mapped_column


class Assessment(Base):
    """The test of a lesson.

    `passing_score` is in percent; `time_limit` is in minutes and 0 is none; `max_attempts` 0 is
    unlimited.
    """

    __tablename__ = "courses_assessment"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    created_date: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    updated_date: Mapped[datetime] = mapped_column(
        DateTime(timezone=True), server_default=func.now(), onupdate=now
    )
    lesson_id: Mapped[int] = mapped_column(BigInteger, unique=True)
    title: Mapped[str] = mapped_column(String, server_default="")
    description: Mapped[str | None] = mapped_column(Text)
    passing_score: Mapped[int] = mapped_column(Integer, server_default="70")
    max_attempts: Mapped[int] = mapped_column(Integer, server_default="0")
    time_limit: Mapped[int] = mapped_column(Integer, server_default="0")
    time_limit_minutes: Mapped[int] = mapped_column(Integer, Computed("time_limit", persisted=True))
    randomize_questions: Mapped[bool] = mapped_column(Boolean, server_default=false())
    show_correct_answers: Mapped[bool] = mapped_column(Boolean, server_default=false())
    show_results: Mapped[bool] = mapped_column(Boolean, server_default=true())
    state_version: Mapped[int] = mapped_column(BigInteger, server_default="0")

    __table_args__ = (Index("courses_ass_passing_b8a83e_idx", "passing_score"),)
