"""The mirror of catalog's courses: own tables, written by catalog's events alone."""

from datetime import datetime

from chassis.db import Base, now
from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    String,
    Text,
    false,
    func,
)
from sqlalchemy.orm import Mapped, mapped_column


class MirrorCourse(Base):
    """A course as catalog last told it; a deleted one stays as a tombstone.

    `version` is that of the newest event of any type, `details_version` of the newest that carried the details.
    """

    __tablename__ = "learning_course"

    course_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    version: Mapped[int] = mapped_column(BigInteger, server_default="0")
    details_version: Mapped[int] = mapped_column(BigInteger, server_default="0")
    title: Mapped[str] = mapped_column(Text, server_default="")
    slug: Mapped[str] = mapped_column(Text, server_default="")
    created_by_id: Mapped[int] = mapped_column(BigInteger, index=True)
    has_certificate: Mapped[bool] = mapped_column(Boolean, server_default=false())
    is_published: Mapped[bool] = mapped_column(Boolean, server_default=false())
    was_published: Mapped[bool] = mapped_column(Boolean, server_default=false())
    """Whether it was ever public: who asks for it may then know that it exists."""
    is_deleted: Mapped[bool] = mapped_column(Boolean, server_default=false())
    outline_version: Mapped[int] = mapped_column(BigInteger, server_default="0")
    """The event the lessons are from; 0 before the first."""
    lesson_ids_version: Mapped[int] = mapped_column(BigInteger, server_default="0")
    lesson_ids: Mapped[list[int]] = mapped_column(ARRAY(BigInteger), server_default="{}")
    """Every lesson the course had at `lesson_ids_version`: those missing were deleted since the outline."""
    recounted_lessons: Mapped[list[int] | None] = mapped_column(ARRAY(BigInteger))
    """The lessons over which the course's enrollments were last recounted; None before the first recount."""
    updated_at: Mapped[datetime] = mapped_column(
        DateTime(timezone=True), server_default=func.now(), onupdate=now
    )


class MirrorLesson(Base):
    """A lesson of the newest published outline. `position` is its place in the whole course, from 0."""

    __tablename__ = "learning_lesson"

    lesson_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    course_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("learning_course.course_id", ondelete="CASCADE")
    )
    module_id: Mapped[int] = mapped_column(BigInteger)
    title: Mapped[str] = mapped_column(Text, server_default="")
    position: Mapped[int] = mapped_column(Integer)
    duration_minutes: Mapped[int | None] = mapped_column(Integer)
    access_level: Mapped[str] = mapped_column(String)
    type: Mapped[str] = mapped_column(String)
    has_assessment: Mapped[bool] = mapped_column(Boolean, server_default=false())
    module_is_published: Mapped[bool] = mapped_column(Boolean)
    is_listed: Mapped[bool] = mapped_column(Boolean, server_default=false())
    """Whether learners see it now: its module is published and it was not deleted since the outline."""

    __table_args__ = (Index("ix_learning_lesson_course_id_position", "course_id", "position"),)


class CourseRecount(Base):
    """A recount of a course's enrollments that is not finished: those after `after_enrollment_id` are left."""

    __tablename__ = "course_recounts"

    course_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    after_enrollment_id: Mapped[int] = mapped_column(BigInteger)
    since: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())


class Removal(Base):
    """A lesson or a course that catalog deleted, while things of learners are left that go with it."""

    __tablename__ = "removals"

    kind: Mapped[str] = mapped_column(String, primary_key=True)
    object_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    since: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())

    __table_args__ = (CheckConstraint("kind IN ('lesson', 'course')", name="ck_removals_kind_known"),)
