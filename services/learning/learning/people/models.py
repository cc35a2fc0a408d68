"""The mirror of identity's people: own tables, written by identity's events alone."""

from datetime import datetime

from chassis.db import Base
from sqlalchemy import BigInteger, Boolean, DateTime, String, Text
from sqlalchemy.orm import Mapped, mapped_column


class MirrorUser(Base):
    """The public side of an account."""

    __tablename__ = "learning_user"

    user_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    version: Mapped[int] = mapped_column(BigInteger)
    display_name: Mapped[str] = mapped_column(Text)
    picture_url: Mapped[str | None] = mapped_column(Text)
    is_active: Mapped[bool] = mapped_column(Boolean)


class MirrorSubscription(Base):
    """A subscription; `changed_at` is when it became so, `ends` is exclusive."""

    __tablename__ = "learning_subscription"

    user_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    version: Mapped[int] = mapped_column(BigInteger)
    tier: Mapped[str] = mapped_column(String)
    status: Mapped[str] = mapped_column(String)
    ends: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    changed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
