"""AI drafts: a course written with the help of a language model."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from chassis.db import Base, now
from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    DateTime,
    Identity,
    Integer,
    Numeric,
    String,
    Text,
    false,
    func,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column


class AICourseBuilderDraft(Base):
    """A course that a language model drafts, step by step.

    `instructor_id` is the account's id.
    """

    __tablename__ = "ai_course_builder_aicoursebuilderdraft"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    instructor_id: Mapped[int] = mapped_column(BigInteger, index=True)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(
        DateTime(timezone=True), server_default=func.now(), onupdate=now
    )
    status: Mapped[str] = mapped_column(String, server_default="draft")
    title: Mapped[str | None] = mapped_column(String)
    description: Mapped[str | None] = mapped_column(Text)
    course_objectives: Mapped[list[str] | None] = mapped_column(JSONB(none_as_null=True))
    target_audience: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    difficulty_level: Mapped[str | None] = mapped_column(String)
    duration_minutes: Mapped[int | None] = mapped_column(Integer)
    price: Mapped[Decimal | None] = mapped_column(Numeric(12, 2))
    outline: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    content: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    assessments: Mapped[list[Any] | None] = mapped_column(JSONB(none_as_null=True))
    has_outline: Mapped[bool] = mapped_column(Boolean, server_default=false())
    has_modules: Mapped[bool] = mapped_column(Boolean, server_default=false())
    has_lessons: Mapped[bool] = mapped_column(Boolean, server_default=false())
    has_assessments: Mapped[bool] = mapped_column(Boolean, server_default=false())
    generation_metadata: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))

    __table_args__ = (
        CheckConstraint(
            "status IN ('draft', 'generating', 'ready', 'failed', 'finalized')",
            name="ck_ai_course_builder_aicoursebuilderdraft_status_known",
        ),
    )
