"""The outline: the modules of a course and the lessons in them."""

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
    text,
    true,
)
from sqlalchemy.orm import Mapped, mapped_column


class Module(Base):
    """A part of a course; hidden from learners while not `is_published`.

    `published_date` is of the first publication that showed it to learners. `revision` counts its edits.
    `origin_id` is set in a version of a course alone: the course's own module this one is a version of.
    """

    __tablename__ = "courses_module"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    created_date: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    updated_date: Mapped[datetime] = mapped_column(
        DateTime(timezone=True), server_default=func.now(), onupdate=now
    )
    order: Mapped[int] = mapped_column(Integer)
    duration_minutes: Mapped[int | None] = mapped_column(Integer)
    is_published: Mapped[bool] = mapped_column(Boolean, server_default=true())
    published_date: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    course_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("courses_course.id", ondelete="CASCADE"))
    title: Mapped[str] = mapped_column(String, server_default="")
    description: Mapped[str | None] = mapped_column(Text)
    revision: Mapped[int] = mapped_column(BigInteger, server_default="1")
    origin_id: Mapped[int | None] = mapped_column(BigInteger)

    __table_args__ = (
        UniqueConstraint("course_id", "order", name="unique_module_order"),
        Index("courses_mod_created_9a6a7d_idx", "created_date"),
        Index("courses_mod_updated_141b50_idx", "updated_date"),
        Index("courses_mod_order_e9c068_idx", "order"),
        Index("courses_mod_is_publ_875329_idx", "is_published"),
        Index("courses_mod_publish_823717_idx", "published_date"),
        Index("courses_mod_course__92d7f3_idx", "course_id", "is_published"),
        Index(
            "ix_courses_module_origin_id",
            "course_id",
            "origin_id",
            unique=True,
            postgresql_where=text("origin_id IS NOT NULL"),
        ),
    )


class Lesson(Base):
    """A lesson, its body in three depths: for guests, for the registered and whole.

    `has_assessment` is kept by assessment's events. `published_at` is of the first publication it was part
    of: until then only those who teach the course see it. `revision` counts its edits.

    `origin_id` is set in a version of a course alone: the lesson this one is a version of, by the id learners know
    it by. A lesson that a later version did without keeps that id and stands in an archived version, with
    `retired_from_id` naming the course.
    """

    __tablename__ = "courses_lesson"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    created_date: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    updated_date: Mapped[datetime] = mapped_column(
        DateTime(timezone=True), server_default=func.now(), onupdate=now
    )
    order: Mapped[int] = mapped_column(Integer)
    duration_minutes: Mapped[int | None] = mapped_column(Integer)
    module_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("courses_module.id", ondelete="CASCADE"))
    title: Mapped[str] = mapped_column(String, server_default="")
    content: Mapped[str] = mapped_column(Text, server_default="")
    guest_content: Mapped[str | None] = mapped_column(Text)
    registered_content: Mapped[str | None] = mapped_column(Text)
    access_level: Mapped[str] = mapped_column(String, server_default="registered")
    type: Mapped[str] = mapped_column(String, Computed("activity_type", persisted=True))
    activity_type: Mapped[str] = mapped_column(String, server_default="reading")
    has_assessment: Mapped[bool] = mapped_column(Boolean, server_default=false())
    has_lab: Mapped[bool] = mapped_column(Boolean, server_default=false())
    is_free_preview: Mapped[bool] = mapped_column(Boolean, server_default=false())
    video_url: Mapped[str | None] = mapped_column(String)
    transcript: Mapped[str | None] = mapped_column(Text)
    published_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    revision: Mapped[int] = mapped_column(BigInteger, server_default="1")
    origin_id: Mapped[int | None] = mapped_column(BigInteger)
    retired_from_id: Mapped[int | None] = mapped_column(BigInteger)

    __table_args__ = (
        UniqueConstraint("module_id", "order", name="unique_lesson_order"),
        CheckConstraint(
            "access_level IN ('guest', 'registered', 'premium')", name="ck_courses_lesson_access_level_known"
        ),
        CheckConstraint(
            "activity_type IN ('reading', 'video', 'interactive', 'quiz', 'lab')",
            name="ck_courses_lesson_activity_type_known",
        ),
        Index("courses_les_created_7fbce2_idx", "created_date"),
        Index("courses_les_updated_ac21ad_idx", "updated_date"),
        Index("courses_les_order_ffd43c_idx", "order"),
        Index("courses_les_access__657329_idx", "access_level"),
        Index("courses_les_type_805272_idx", "type"),
        Index("courses_les_activit_845908_idx", "activity_type"),
        Index("courses_les_is_free_a8e681_idx", "is_free_preview"),
        Index("courses_les_has_ass_d9b62a_idx", "has_assessment"),
        Index("courses_les_has_lab_01b267_idx", "has_lab"),
        Index("ix_courses_lesson_origin_id", "origin_id", postgresql_where=text("origin_id IS NOT NULL")),
        Index(
            "ix_courses_lesson_retired_from_id",
            "retired_from_id",
            postgresql_where=text("retired_from_id IS NOT NULL"),
        ),
    )
