"""The history of what learners did: rows are added, never changed (but for an erased person's id)."""

from datetime import datetime

from chassis.db import Base
from sqlalchemy import BigInteger, CheckConstraint, DateTime, Identity, Index, Integer, String
from sqlalchemy.orm import Mapped, mapped_column


class Activity(Base):
    """One thing a learner did, at the very instant that the event about it carries; `seconds` are those counted."""

    __tablename__ = "activity_log"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    happened_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    action: Mapped[str] = mapped_column(String)
    user_id: Mapped[int] = mapped_column(BigInteger)
    course_id: Mapped[int] = mapped_column(BigInteger)
    enrollment_id: Mapped[int] = mapped_column(BigInteger, index=True)
    lesson_id: Mapped[int | None] = mapped_column(BigInteger)
    seconds: Mapped[int] = mapped_column(Integer, server_default="0")
    progress_percentage: Mapped[int | None] = mapped_column(Integer)

    __table_args__ = (
        CheckConstraint(
            "action IN ('enroll', 'progress', 'complete_lesson', 'complete_course', 'drop', 'refund')",
            name="ck_activity_log_action_known",
        ),
        CheckConstraint("seconds >= 0", name="ck_activity_log_seconds_positive"),
        Index("ix_activity_log_user_id_happened_at", "user_id", "happened_at"),
        Index("ix_activity_log_course_id_happened_at", "course_id", "happened_at"),
    )
