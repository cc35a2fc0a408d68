"""Certificates: the proof of a completed course."""

from datetime import datetime

from chassis.db import Base, now
from sqlalchemy import (
    BigInteger,
    Boolean,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    String,
    Text,
    UniqueConstraint,
    func,
    true,
)
from sqlalchemy.orm import Mapped, mapped_column


class Certificate(Base):
    """The proof that an enrollment was completed; revoked, it stays as invalid.

    `created_date` is when it was issued. The own columns say, as a document does, what it said then: whose it is,
    for which course, and what that course was called. A row inserted without its owner takes the enrollment's (trigger).
    """

    __tablename__ = "courses_certificate"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    created_date: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    updated_date: Mapped[datetime] = mapped_column(
        DateTime(timezone=True), server_default=func.now(), onupdate=now
    )
    enrollment_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("courses_enrollment.id", ondelete="CASCADE"), unique=True
    )
    certificate_number: Mapped[str] = mapped_column(String)
    is_valid: Mapped[bool] = mapped_column(Boolean, server_default=true())
    revocation_date: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    revocation_reason: Mapped[str | None] = mapped_column(Text)
    verification_hash: Mapped[str] = mapped_column(String)
    template_version: Mapped[str] = mapped_column(String, server_default="1.0")
    user_id: Mapped[int] = mapped_column(BigInteger)
    course_id: Mapped[int] = mapped_column(BigInteger)
    course_title: Mapped[str] = mapped_column(Text, server_default="")

    __table_args__ = (
        UniqueConstraint("certificate_number", name="unique_certificate_number"),
        UniqueConstraint("verification_hash", name="unique_verification_hash"),
        Index("ix_courses_certificate_user_id", "user_id", "id"),
        Index("ix_courses_certificate_course_id", "course_id"),
        Index("courses_cer_created_6482f3_idx", "created_date"),
        Index("courses_cer_updated_e6b0b5_idx", "updated_date"),
        Index("courses_cer_is_vali_2f2340_idx", "is_valid"),
        Index("courses_cer_revocat_79b12c_idx", "revocation_date"),
    )
