"""Facts: every event once, from which each statistic is folded."""

from datetime import datetime
from typing import Any
from uuid import UUID

from chassis.db import Base, now
from sqlalchemy import BigInteger, DateTime, Identity, Index, String, UniqueConstraint, Uuid, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column


class UserActivity(Base):
    """One fact about a user.

    `activity_type` is the event's type without its version, `data` its payload, `created_date` the
    time at which it happened. Partitioned by month on that time, which is the event's own, so that
    (event_id, created_date) is as unique as the event's id.
    """

    __tablename__ = "courses_useractivity"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    event_id: Mapped[UUID] = mapped_column(Uuid)
    created_date: Mapped[datetime] = mapped_column(DateTime(timezone=True), primary_key=True)
    updated_date: Mapped[datetime] = mapped_column(
        DateTime(timezone=True), server_default=func.now(), onupdate=now
    )
    user_id: Mapped[int] = mapped_column(BigInteger)
    activity_type: Mapped[str] = mapped_column(String)
    course_id: Mapped[int | None] = mapped_column(BigInteger)
    lesson_id: Mapped[int | None] = mapped_column(BigInteger, index=True)
    resource_id: Mapped[int | None] = mapped_column(BigInteger, index=True)
    assessment_id: Mapped[int | None] = mapped_column(BigInteger, index=True)
    data: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default="{}")

    __table_args__ = (
        UniqueConstraint("event_id", "created_date"),
        Index("courses_use_user_id_b38400_idx", "user_id", created_date.desc()),
        Index("courses_use_activit_804475_idx", "activity_type"),
        Index("courses_use_course__fa711b_idx", "course_id", created_date.desc()),
        {"postgresql_partition_by": "RANGE (created_date)"},
    )


class OtherFact(Base):
    """One fact that is nobody's activity: a course published, an assessment changed, a share agreed.

    `fact_type` is the event's type without its version, `subject` its subject (`courses/42`),
    `version` that of a state event.
    """

    __tablename__ = "other_facts"

    event_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    fact_type: Mapped[str] = mapped_column(String)
    subject: Mapped[str] = mapped_column(String, server_default="")
    version: Mapped[int | None] = mapped_column(BigInteger)
    data: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default="{}")
    created_date: Mapped[datetime] = mapped_column(DateTime(timezone=True))

    __table_args__ = (
        Index("ix_other_facts_fact_type_created_date", "fact_type", "created_date"),
        Index("ix_other_facts_subject_created_date", "subject", "created_date"),
    )
