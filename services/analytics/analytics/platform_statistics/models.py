"""Statistics of the whole platform."""

from datetime import datetime

from chassis.db import Base
from sqlalchemy import BigInteger, DateTime, Identity, Integer, func
from sqlalchemy.orm import Mapped, mapped_column


class PlatformStatistics(Base):
    """How the platform does: one row."""

    __tablename__ = "content_platformstatistics"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    total_courses: Mapped[int] = mapped_column(Integer, server_default="0")
    total_students: Mapped[int] = mapped_column(Integer, server_default="0")
    total_instructors: Mapped[int] = mapped_column(Integer, server_default="0")
    total_lessons_completed: Mapped[int] = mapped_column(Integer, server_default="0")
    total_certificates_issued: Mapped[int] = mapped_column(Integer, server_default="0")
    last_updated: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
