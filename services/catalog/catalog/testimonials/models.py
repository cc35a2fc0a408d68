"""Testimonials: what people say about the platform."""

from datetime import datetime

from chassis.db import Base, now
from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    DateTime,
    Identity,
    Index,
    Integer,
    String,
    Text,
    desc,
    false,
    func,
)
from sqlalchemy.orm import Mapped, mapped_column


class Testimonial(Base):
    """What somebody says about the platform, for the home page."""

    __tablename__ = "content_testimonial"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    name: Mapped[str] = mapped_column(String, server_default="")
    role: Mapped[str] = mapped_column(String, server_default="")
    content: Mapped[str] = mapped_column(Text, server_default="")
    rating: Mapped[int] = mapped_column(Integer)
    avatar: Mapped[str | None] = mapped_column(String)
    featured: Mapped[bool] = mapped_column(Boolean, server_default=false())
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(
        DateTime(timezone=True), server_default=func.now(), onupdate=now
    )
    state_version: Mapped[int] = mapped_column(BigInteger, server_default="0")

    __table_args__ = (
        CheckConstraint("rating BETWEEN 1 AND 5", name="ck_content_testimonial_rating_one_to_five"),
        Index("ix_content_testimonial_featured", desc("featured"), desc("id")),
    )
