"""Profiles: the person behind an account."""

from datetime import date, datetime

from chassis.db import Base, now
from sqlalchemy import (
    BigInteger,
    Boolean,
    Date,
    DateTime,
    ForeignKey,
    Identity,
    Integer,
    String,
    Text,
    false,
    func,
    true,
)
from sqlalchemy.orm import Mapped, mapped_column


class Profile(Base):
    """The person behind an account; the public part of it goes out in events."""

    __tablename__ = "users_profile"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    user_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("users_customuser.id", ondelete="CASCADE"), unique=True
    )
    profile_picture: Mapped[str | None] = mapped_column(String)
    bio: Mapped[str] = mapped_column(Text, server_default="")
    date_of_birth: Mapped[date | None] = mapped_column(Date)
    phone_number: Mapped[str] = mapped_column(String, server_default="")
    address: Mapped[str] = mapped_column(Text, server_default="")
    city: Mapped[str] = mapped_column(String, server_default="")
    state: Mapped[str] = mapped_column(String, server_default="")
    country: Mapped[str] = mapped_column(String, server_default="")
    postal_code: Mapped[str] = mapped_column(String, server_default="")
    website: Mapped[str] = mapped_column(String, server_default="")
    linkedin: Mapped[str] = mapped_column(String, server_default="")
    twitter: Mapped[str] = mapped_column(String, server_default="")
    github: Mapped[str] = mapped_column(String, server_default="")
    expertise: Mapped[str] = mapped_column(String, server_default="")
    teaching_experience: Mapped[int] = mapped_column(Integer, server_default="0")
    educational_background: Mapped[str] = mapped_column(Text, server_default="")
    interests: Mapped[str] = mapped_column(Text, server_default="")
    receive_email_notifications: Mapped[bool] = mapped_column(Boolean, server_default=true())
    receive_marketing_emails: Mapped[bool] = mapped_column(Boolean, server_default=false())
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(
        DateTime(timezone=True), server_default=func.now(), onupdate=now
    )
