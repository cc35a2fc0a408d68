"""Notes: what a learner writes beside a lesson."""

from datetime import datetime

from chassis.db import Base, now
from sqlalchemy import BigInteger, Boolean, DateTime, Identity, Index, Integer, Text, func, true
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column


class Note(Base):
    """A learner's note on a lesson; `timestamp_seconds` is the place in its video.

    `course_id` (own) is the lesson's; None in rows carried over from elsewhere.
    """

    __tablename__ = "courses_note"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    created_date: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    updated_date: Mapped[datetime] = mapped_column(
        DateTime(timezone=True), server_default=func.now(), onupdate=now
    )
    user_id: Mapped[int] = mapped_column(BigInteger)
    lesson_id: Mapped[int] = mapped_column(BigInteger)
    content: Mapped[str] = mapped_column(Text, server_default="")
    timestamp_seconds: Mapped[int] = mapped_column(Integer, server_default="0")
    is_private: Mapped[bool] = mapped_column(Boolean, server_default=true())
    tags: Mapped[list[str]] = mapped_column(JSONB, server_default="[]")
    course_id: Mapped[int | None] = mapped_column(BigInteger, index=True)

    __table_args__ = (
        Index("courses_not_user_id_eece44_idx", "user_id", "lesson_id"),
        Index("courses_not_lesson__5f16a2_idx", "lesson_id", "is_private"),
        Index("courses_not_is_priv_3def52_idx", "is_private"),
    )
