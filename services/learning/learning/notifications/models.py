"""Notifications: what a learner is told."""

from datetime import datetime

from chassis.db import Base, now
from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    DateTime,
    Identity,
    Index,
    String,
    Text,
    false,
    func,
)
from sqlalchemy.orm import Mapped, mapped_column


class Notification(Base):
    """Something a learner is told."""

    __tablename__ = "courses_notification"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    created_date: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    updated_date: Mapped[datetime] = mapped_column(
        DateTime(timezone=True), server_default=func.now(), onupdate=now
    )
    user_id: Mapped[int] = mapped_column(BigInteger)
    title: Mapped[str] = mapped_column(String, server_default="")
    message: Mapped[str] = mapped_column(Text, server_default="")
    notification_type: Mapped[str] = mapped_column(String)
    course_id: Mapped[int | None] = mapped_column(BigInteger, index=True)
    is_read: Mapped[bool] = mapped_column(Boolean, server_default=false())
    read_date: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    action_url: Mapped[str] = mapped_column(String, server_default="")

    __table_args__ = (
        CheckConstraint(
            "notification_type IN ('enrollment', 'progress', 'certificate', 'assessment', 'review', "
            "'reminder', 'system')",
            name="ck_courses_notification_notification_type_known",
        ),
        Index("courses_not_user_id_149621_idx", "user_id", created_date.desc()),
        Index("courses_not_is_read_7c54d4_idx", "is_read"),
        Index("courses_not_notific_2eee2c_idx", "notification_type"),
    )
