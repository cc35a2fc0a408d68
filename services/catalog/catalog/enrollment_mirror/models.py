"""The mirror of learning's enrollments: an own table, written by learning's events alone."""

from datetime import datetime

from chassis.db import Base
from sqlalchemy import BigInteger, Boolean, DateTime, Index, text
from sqlalchemy.orm import Mapped, mapped_column


class CatalogEnrollment(Base):
    """An enrollment: whether it counts now, and the latest instant of enrolling (None: only its end was heard of)."""

    __tablename__ = "catalog_enrollment"

    enrollment_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    version: Mapped[int] = mapped_column(BigInteger)
    user_id: Mapped[int] = mapped_column(BigInteger)
    course_id: Mapped[int] = mapped_column(BigInteger)
    is_active: Mapped[bool] = mapped_column(Boolean)
    enrolled_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))

    __table_args__ = (
        Index("ix_catalog_enrollment_user_id_course_id", "user_id", "course_id"),
        Index("ix_catalog_enrollment_course_id_enrolled_at", "course_id", "enrolled_at"),
        Index(
            "ix_catalog_enrollment_active",
            "course_id",
            "user_id",
            postgresql_where=text("is_active"),
        ),
    )
