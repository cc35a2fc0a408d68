"""Course templates: a course to start from."""

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
    Index,
    Integer,
    Numeric,
    String,
    Text,
    false,
    func,
    true,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column


class CourseTemplate(Base):
    """A course to start from.

    `success_rate` is the percentage of uses that were published; `is_premium` says that
    `required_tier` is above bronze.
    """

    __tablename__ = "instructor_portal_coursetemplate"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    name: Mapped[str] = mapped_column(String, server_default="")
    description: Mapped[str] = mapped_column(Text, server_default="")
    template_type: Mapped[str] = mapped_column(String, server_default="standard")
    template_data: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default="{}")
    is_active: Mapped[bool] = mapped_column(Boolean, server_default=true())
    is_premium: Mapped[bool] = mapped_column(Boolean, server_default=false())
    required_tier: Mapped[str] = mapped_column(String, server_default="bronze")
    usage_count: Mapped[int] = mapped_column(Integer, server_default="0")
    success_rate: Mapped[Decimal] = mapped_column(Numeric(5, 2), server_default="0")
    created_by_id: Mapped[int | None] = mapped_column(BigInteger, index=True)
    tags: Mapped[list[str]] = mapped_column(JSONB, server_default="[]")
    created_date: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    updated_date: Mapped[datetime] = mapped_column(
        DateTime(timezone=True), server_default=func.now(), onupdate=now
    )

    __table_args__ = (
        CheckConstraint(
            "template_type IN ('standard', 'bootcamp', 'workshop', 'certification', 'micro')",
            name="ck_instructor_portal_coursetemplate_template_type_known",
        ),
        CheckConstraint(
            "required_tier IN ('bronze', 'silver', 'gold', 'platinum')",
            name="ck_instructor_portal_coursetemplate_required_tier_known",
        ),
        Index("instructor__templat_e5f5ef_idx", "template_type", "is_active"),
        Index("instructor__is_acti_bb05a8_idx", "is_active", "required_tier"),
        Index("instructor__usage_c_377784_idx", "usage_count"),
    )
