"""Bookmarks: what a learner wants to find again."""

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
    Text,
    UniqueConstraint,
    func,
)
from sqlalchemy.orm import Mapped, mapped_column


class Bookmark(Base):
    """A course, lesson or resource that a learner marked; `position` orders the list.

    The own columns say where the marked thing belongs, so that nobody has to ask when it goes; `course_id` is None
    in rows carried over from elsewhere.
    """

    __tablename__ = "courses_bookmark"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    created_date: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    updated_date: Mapped[datetime] = mapped_column(
        DateTime(timezone=True), server_default=func.now(), onupdate=now
    )
    user_id: Mapped[int] = mapped_column(BigInteger)
    content_type: Mapped[str] = mapped_column(Text, index=True)
    object_id: Mapped[int] = mapped_column(BigInteger)
    title: Mapped[str] = mapped_column(String, server_default="")
    notes: Mapped[str] = mapped_column(Text, server_default="")
    position: Mapped[int] = mapped_column(Integer, server_default="0")
    course_id: Mapped[int | None] = mapped_column(BigInteger, index=True)
    lesson_id: Mapped[int | None] = mapped_column(BigInteger, index=True)

    __table_args__ = (
        UniqueConstraint("user_id", "content_type", "object_id", name="unique_together_courses_bookmark"),
        CheckConstraint(
            "content_type IN ('course', 'lesson', 'resource')", name="ck_courses_bookmark_content_type_known"
        ),
        Index("courses_boo_user_id_9a294c_idx", "user_id", "position"),
    )
