"""Attempts: a learner sits an assessment, and what was answered."""

from datetime import datetime
from ipaddress import IPv4Address, IPv6Address

from chassis.db import Base, now
from sqlalchemy import (
    BigInteger,
    Boolean,
    Computed,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    Text,
    UniqueConstraint,
    false,
    func,
)
from sqlalchemy.dialects.postgresql import INET
from sqlalchemy.orm import Mapped, mapped_column


class AssessmentAttempt(Base):
    """One sitting of an assessment. Attempts are counted under a lock."""

    __tablename__ = "courses_assessmentattempt"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    created_date: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    updated_date: Mapped[datetime] = mapped_column(
        DateTime(timezone=True), server_default=func.now(), onupdate=now
    )
    user_id: Mapped[int] = mapped_column(BigInteger)
    assessment_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("courses_assessment.id", ondelete="CASCADE")
    )
    start_time: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    end_time: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    time_taken_seconds: Mapped[int] = mapped_column(Integer, server_default="0")
    score: Mapped[int] = mapped_column(Integer, server_default="0")
    max_score: Mapped[int] = mapped_column(Integer, server_default="0")
    is_completed: Mapped[bool] = mapped_column(Boolean, server_default=false())
    is_passed: Mapped[bool] = mapped_column(Boolean, Computed("passed", persisted=True))
    passed: Mapped[bool] = mapped_column(Boolean, server_default=false())
    attempt_number: Mapped[int] = mapped_column(Integer, server_default="1")
    ip_address: Mapped[IPv4Address | IPv6Address | None] = mapped_column(INET)
    user_agent: Mapped[str | None] = mapped_column(Text)

    __table_args__ = (
        Index("courses_ass_user_id_fedd97_idx", "user_id", "assessment_id"),
        Index("courses_ass_assessm_1f3420_idx", "assessment_id", created_date.desc()),
        Index("courses_ass_is_pass_af4398_idx", "is_passed"),
        Index("courses_ass_is_comp_5317c4_idx", "is_completed"),
        Index("courses_ass_attempt_d56abe_idx", "attempt_number"),
    )


class AttemptAnswer(Base):
    """What was answered to one question.

    `answer_id` is set for single choice and true/false; several chosen answers are rows of
    AttemptAnswerChoice.
    """

    __tablename__ = "courses_attemptanswer"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    created_date: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    updated_date: Mapped[datetime] = mapped_column(
        DateTime(timezone=True), server_default=func.now(), onupdate=now
    )
    attempt_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("courses_assessmentattempt.id", ondelete="CASCADE")
    )
    question_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("courses_question.id", ondelete="CASCADE"), index=True
    )
    selected_answer_id: Mapped[int | None] = mapped_column(
        BigInteger,
        ForeignKey("courses_answer.id", ondelete="CASCADE"),
        Computed("answer_id", persisted=True),
        index=True,
    )
    answer_id: Mapped[int | None] = mapped_column(
        BigInteger, ForeignKey("courses_answer.id", ondelete="CASCADE"), index=True
    )
    text_answer: Mapped[str | None] = mapped_column(
        Text, Computed("NULLIF(text_response, '')", persisted=True)
    )
    text_response: Mapped[str] = mapped_column(Text, server_default="")
    is_correct: Mapped[bool] = mapped_column(Boolean, server_default=false())
    points_earned: Mapped[int] = mapped_column(Integer, server_default="0")
    feedback: Mapped[str | None] = mapped_column(Text)
    answered_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())

    __table_args__ = (
        UniqueConstraint("attempt_id", "question_id", name="unique_attempt_answer"),
        Index("courses_att_is_corr_be0997_idx", "is_correct"),
    )


class AttemptAnswerChoice(Base):
    """One of several answers that were chosen to one question; `position` is its place where order counts."""

    __tablename__ = "attempt_answer_choices"

    attempt_answer_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("courses_attemptanswer.id", ondelete="CASCADE"), primary_key=True
    )
    answer_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("courses_answer.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    position: Mapped[int] = mapped_column(Integer, server_default="0")
