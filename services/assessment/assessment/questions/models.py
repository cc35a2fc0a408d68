"""Questions and the answers to choose from."""

from datetime import datetime

from chassis.db import Base, now
from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Computed,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    String,
    Text,
    UniqueConstraint,
    false,
    func,
)
from sqlalchemy.orm import Mapped, mapped_column


class Question(Base):
    """One question; `feedback` is shown once it was answered."""

    __tablename__ = "courses_question"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    created_date: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    updated_date: Mapped[datetime] = mapped_column(
        DateTime(timezone=True), server_default=func.now(), onupdate=now
    )
    assessment_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("courses_assessment.id", ondelete="CASCADE")
    )
    question_text: Mapped[str] = mapped_column(Text, Computed("text", persisted=True))
    text: Mapped[str] = mapped_column(Text, server_default="")
    question_type: Mapped[str] = mapped_column(String)
    points: Mapped[int] = mapped_column(Integer, server_default="1")
    order: Mapped[int] = mapped_column(Integer)
    explanation: Mapped[str | None] = mapped_column(Text)
    feedback: Mapped[str] = mapped_column(Text, server_default="")

    __table_args__ = (
        UniqueConstraint("assessment_id", "order", name="unique_question_order"),
        CheckConstraint(
            "question_type IN ('single_choice', 'multiple_choice', 'true_false', 'short_answer', "
            "'numeric', 'matching', 'ordering', 'essay')",
            name="ck_courses_question_question_type_known",
        ),
        Index("courses_que_questio_beffac_idx", "question_type"),
        Index("courses_que_points_6da46d_idx", "points"),
    )


class Answer(Base):
    """One answer to choose from, or to compare with."""

    __tablename__ = "courses_answer"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    created_date: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    updated_date: Mapped[datetime] = mapped_column(
        DateTime(timezone=True), server_default=func.now(), onupdate=now
    )
    question_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("courses_question.id", ondelete="CASCADE")
    )
    answer_text: Mapped[str] = mapped_column(Text, Computed("text", persisted=True))
    text: Mapped[str] = mapped_column(Text, server_default="")
    is_correct: Mapped[bool] = mapped_column(Boolean, server_default=false())
    explanation: Mapped[str | None] = mapped_column(Text)
    order: Mapped[int] = mapped_column(Integer)

    __table_args__ = (
        UniqueConstraint("question_id", "order", name="unique_answer_order"),
        Index("courses_ans_is_corr_9dd4bc_idx", "is_correct"),
    )
