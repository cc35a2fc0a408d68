"""Instructor profiles: who teaches, since when, in which standing."""

from datetime import datetime

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
    String,
    Text,
    UniqueConstraint,
    false,
    func,
    true,
)
from sqlalchemy.orm import Mapped, mapped_column


class InstructorProfile(Base):
    """Somebody who teaches, or asked to; the account role follows the status."""

    __tablename__ = "instructor_portal_instructorprofile"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    user_id: Mapped[int] = mapped_column(BigInteger, unique=True)
    display_name: Mapped[str] = mapped_column(String, server_default="")
    bio: Mapped[str] = mapped_column(Text, server_default="")
    title: Mapped[str] = mapped_column(String, server_default="")
    organization: Mapped[str] = mapped_column(String, server_default="")
    years_experience: Mapped[int] = mapped_column(Integer, server_default="0")
    website: Mapped[str] = mapped_column(String, server_default="")
    linkedin_profile: Mapped[str] = mapped_column(String, server_default="")
    twitter_handle: Mapped[str] = mapped_column(String, server_default="")
    profile_image: Mapped[str | None] = mapped_column(String)
    cover_image: Mapped[str | None] = mapped_column(String)
    status: Mapped[str] = mapped_column(String, server_default="pending")
    is_verified: Mapped[bool] = mapped_column(Boolean, server_default=false())
    tier: Mapped[str] = mapped_column(String, server_default="bronze")
    email_notifications: Mapped[bool] = mapped_column(Boolean, server_default=true())
    marketing_emails: Mapped[bool] = mapped_column(Boolean, server_default=false())
    public_profile: Mapped[bool] = mapped_column(Boolean, server_default=true())
    approved_by_id: Mapped[int | None] = mapped_column(BigInteger, index=True)
    approval_date: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    suspension_reason: Mapped[str] = mapped_column(Text, server_default="")
    created_date: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    updated_date: Mapped[datetime] = mapped_column(
        DateTime(timezone=True), server_default=func.now(), onupdate=now
    )
    last_login: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    state_version: Mapped[int] = mapped_column(BigInteger, server_default="0")

    __table_args__ = (
        CheckConstraint("years_experience >= 0 AND years_experience <= 80", name="valid_experience_years"),
        CheckConstraint(
            "status IN ('pending', 'active', 'suspended', 'rejected')",
            name="ck_instructor_portal_instructorprofile_status_known",
        ),
        CheckConstraint(
            "tier IN ('bronze', 'silver', 'gold', 'platinum')",
            name="ck_instructor_portal_instructorprofile_tier_known",
        ),
        Index("instructor_status_verified_idx", "status", "is_verified"),
        Index("instructor_tier_created_idx", "tier", created_date.desc()),
        Index("instructor_status_tier_idx", "status", "tier"),
    )


class InstructorExpertiseArea(Base):
    """A category in which an instructor is at home."""

    __tablename__ = "instructor_portal_instructorprofile_expertise_areas"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    instructorprofile_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("instructor_portal_instructorprofile.id", ondelete="CASCADE")
    )
    category_id: Mapped[int] = mapped_column(BigInteger)

    __table_args__ = (
        UniqueConstraint(
            "instructorprofile_id", "category_id", name="unique_together_instructorprofile_expertise_areas"
        ),
        Index("ix_instructorprofile_expertise_areas_category_id", "category_id"),
    )
