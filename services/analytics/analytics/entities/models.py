"""Entities: what each enrollment, attempt, note, review and purchase is now, as the facts tell it."""

from datetime import datetime
from decimal import Decimal

from chassis.db import Base
from sqlalchemy import BigInteger, Boolean, DateTime, Index, Integer, Numeric, String, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column


class FoldEnrollment(Base):
    """See `rules.Enrollment`."""

    __tablename__ = "fold_enrollment"

    enrollment_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    user_id: Mapped[int] = mapped_column(BigInteger, index=True)
    course_id: Mapped[int] = mapped_column(BigInteger)
    status: Mapped[str] = mapped_column(String)
    status_version: Mapped[int] = mapped_column(BigInteger)
    progress: Mapped[Decimal] = mapped_column(Numeric(5, 2))
    progress_version: Mapped[int] = mapped_column(BigInteger)
    enrolled_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    enrolled_version: Mapped[int] = mapped_column(BigInteger)
    completed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    completed_version: Mapped[int] = mapped_column(BigInteger)


class FoldLesson(Base):
    """See `rules.Lesson`."""

    __tablename__ = "fold_lesson"

    enrollment_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    lesson_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)


class FoldAttempt(Base):
    """See `rules.Attempt`."""

    __tablename__ = "fold_attempt"

    attempt_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    user_id: Mapped[int] = mapped_column(BigInteger, index=True)
    course_id: Mapped[int] = mapped_column(BigInteger)
    assessment_id: Mapped[int] = mapped_column(BigInteger)
    revision: Mapped[int] = mapped_column(Integer)
    score: Mapped[int] = mapped_column(BigInteger)
    max_score: Mapped[int] = mapped_column(BigInteger)
    passed: Mapped[bool] = mapped_column(Boolean)
    question_ids: Mapped[list[int]] = mapped_column(ARRAY(BigInteger))
    answered: Mapped[list[bool]] = mapped_column(ARRAY(Boolean))
    correct: Mapped[list[bool]] = mapped_column(ARRAY(Boolean))


class FoldWriting(Base):
    """See `rules.Writing`. The indexes find the latest of a user, in a course and at all."""

    __tablename__ = "fold_writing"

    kind: Mapped[str] = mapped_column(String, primary_key=True)
    item_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    user_id: Mapped[int] = mapped_column(BigInteger)
    course_id: Mapped[int] = mapped_column(BigInteger)
    created_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    removed: Mapped[bool] = mapped_column(Boolean)
    version: Mapped[int] = mapped_column(BigInteger)
    rating: Mapped[int] = mapped_column(Integer)
    is_approved: Mapped[bool] = mapped_column(Boolean)

    __table_args__ = (
        Index("ix_fold_writing_user", "user_id", "created_at"),
        Index("ix_fold_writing_course_user", "course_id", "user_id", "created_at"),
    )


class FoldPurchase(Base):
    """See `rules.Purchase`. The index finds a course's purchases from an instant on, when a share changes."""

    __tablename__ = "fold_purchase"

    payment_id: Mapped[str] = mapped_column(String, primary_key=True)
    course_id: Mapped[int] = mapped_column(BigInteger)
    version: Mapped[int] = mapped_column(BigInteger)
    price: Mapped[Decimal] = mapped_column(Numeric(12, 2))
    purchased_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    refunds: Mapped[int] = mapped_column(Integer)
    refunded: Mapped[Decimal] = mapped_column(Numeric(14, 2))

    __table_args__ = (
        Index(
            "ix_fold_purchase_course",
            "course_id",
            "purchased_at",
            postgresql_where=text("purchased_at IS NOT NULL"),
        ),
    )


class FoldCertificate(Base):
    """See `rules.Certificate`."""

    __tablename__ = "fold_certificate"

    certificate_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    issued: Mapped[bool] = mapped_column(Boolean)
    revoked: Mapped[bool] = mapped_column(Boolean)
