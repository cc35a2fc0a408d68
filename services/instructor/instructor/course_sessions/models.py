"""Course-creation sessions: a course in the making, resumable until it expires."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from chassis.db import Base, now
from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    Numeric,
    String,
    Text,
    UniqueConstraint,
    Uuid,
    false,
    func,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column


class CourseCreationSession(Base):
    """A course in the making.

    `template_used` is the template's name at the time.
    """

    __tablename__ = "instructor_portal_coursecreationsession"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    session_id: Mapped[UUID] = mapped_column(Uuid, unique=True, server_default=func.gen_random_uuid())
    instructor_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("instructor_portal_instructorprofile.id", ondelete="CASCADE")
    )
    creation_method: Mapped[str] = mapped_column(String)
    template_id: Mapped[int | None] = mapped_column(
        BigInteger, ForeignKey("instructor_portal_coursetemplate.id", ondelete="SET NULL"), index=True
    )
    status: Mapped[str] = mapped_column(String, server_default="draft")
    current_step: Mapped[int] = mapped_column(Integer, server_default="1")
    total_steps: Mapped[int] = mapped_column(Integer)
    completion_percentage: Mapped[Decimal] = mapped_column(Numeric(5, 2), server_default="0")
    course_data: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default="{}")
    metadata_: Mapped[dict[str, Any]] = mapped_column("metadata", JSONB, server_default="{}")
    steps_completed: Mapped[list[int]] = mapped_column(JSONB, server_default="[]")
    validation_errors: Mapped[list[Any]] = mapped_column(JSONB, server_default="[]")
    template_used: Mapped[str] = mapped_column(String, server_default="")
    ai_prompts_used: Mapped[list[Any]] = mapped_column(JSONB, server_default="[]")
    expires_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    last_activity: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    published_course_id: Mapped[int | None] = mapped_column(BigInteger, index=True)
    created_date: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    updated_date: Mapped[datetime] = mapped_column(
        DateTime(timezone=True), server_default=func.now(), onupdate=now
    )

    __table_args__ = (
        CheckConstraint(
            "creation_method IN ('wizard', 'template', 'ai', 'import')",
            name="ck_coursecreationsession_creation_method_known",
        ),
        CheckConstraint(
            "status IN ('draft', 'in_progress', 'validating', 'publishing', 'published', 'failed', "
            "'abandoned')",
            name="ck_instructor_portal_coursecreationsession_status_known",
        ),
        Index("instructor__instruc_fffdb5_idx", "instructor_id", "status"),
        Index("instructor__status_ff6efa_idx", "status", "expires_at"),
        Index("instructor__creatio_af8e34_idx", "creation_method", "status"),
    )


class DraftCourseContent(Base):
    """One autosaved version of a piece of a course; every version is kept."""

    __tablename__ = "instructor_portal_draftcoursecontent"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    session_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("instructor_portal_coursecreationsession.id", ondelete="CASCADE")
    )
    content_type: Mapped[str] = mapped_column(String)
    content_id: Mapped[str] = mapped_column(String)
    version: Mapped[int] = mapped_column(Integer, server_default="1")
    content_data: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default="{}")
    title: Mapped[str] = mapped_column(String, server_default="")
    order: Mapped[int] = mapped_column(Integer)
    is_complete: Mapped[bool] = mapped_column(Boolean, server_default=false())
    validation_errors: Mapped[list[Any]] = mapped_column(JSONB, server_default="[]")
    auto_save_version: Mapped[int] = mapped_column(Integer, server_default="0")
    last_saved: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    ai_generated: Mapped[bool] = mapped_column(Boolean, server_default=false())
    ai_prompt: Mapped[str] = mapped_column(Text, server_default="")

    __table_args__ = (
        UniqueConstraint(
            "session_id",
            "content_type",
            "content_id",
            "version",
            name="unique_together_instructor_portal_draftcoursecontent",
        ),
        CheckConstraint(
            "content_type IN ('course', 'module', 'lesson', 'assessment', 'resource')",
            name="ck_instructor_portal_draftcoursecontent_content_type_known",
        ),
        Index("instructor__session_126edb_idx", "session_id", "order"),
        Index("instructor__session_ab2b78_idx", "session_id", "content_type", "version"),
        Index("instructor__is_comp_5366a4_idx", "is_complete", "last_saved"),
    )


class CourseContentDraft(Base):
    """A file uploaded into a session and processed in the background; `file_size` is in bytes."""

    __tablename__ = "instructor_portal_coursecontentdraft"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    session_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("instructor_portal_coursecreationsession.id", ondelete="CASCADE")
    )
    content_type: Mapped[str] = mapped_column(String)
    file_path: Mapped[str | None] = mapped_column(String)
    content_hash: Mapped[str] = mapped_column(String, server_default="")
    version: Mapped[int] = mapped_column(Integer, server_default="1")
    is_processed: Mapped[bool] = mapped_column(Boolean, server_default=false())
    processing_status: Mapped[str] = mapped_column(String, server_default="pending")
    processing_error: Mapped[str] = mapped_column(Text, server_default="")
    file_size: Mapped[int | None] = mapped_column(BigInteger)
    mime_type: Mapped[str] = mapped_column(String, server_default="")
    original_filename: Mapped[str] = mapped_column(String, server_default="")
    processing_metadata: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default="{}")
    created_date: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    processed_date: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))

    __table_args__ = (
        UniqueConstraint(
            "session_id",
            "content_type",
            "version",
            name="unique_together_instructor_portal_coursecontentdraft",
        ),
        CheckConstraint(
            "content_type IN ('markdown', 'docx', 'pptx', 'pdf', 'zip', 'video', 'image')",
            name="ck_instructor_portal_coursecontentdraft_content_type_known",
        ),
        CheckConstraint(
            "processing_status IN ('pending', 'processing', 'done', 'failed')",
            name="ck_instructor_portal_coursecontentdraft_processing_status_known",
        ),
        Index("instructor__session_f8b88d_idx", "session_id", "processing_status"),
        Index("instructor__content_c32597_idx", "content_hash"),
        Index("instructor__is_proc_36af61_idx", "is_processed", "created_date"),
        Index("instructor__process_5df0ce_idx", "processing_status", "created_date"),
    )
