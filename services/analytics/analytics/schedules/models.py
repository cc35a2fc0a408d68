"""Schedules: the platform's clock."""

from datetime import datetime
from decimal import Decimal

from chassis.db import Base, now
from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Identity,
    Integer,
    Numeric,
    SmallInteger,
    String,
    Text,
    UniqueConstraint,
    false,
    func,
    true,
)
from sqlalchemy.orm import Mapped, mapped_column


class ClockedSchedule(Base):
    """One moment."""

    __tablename__ = "django_celery_beat_clockedschedule"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    clocked_time: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class CrontabSchedule(Base):
    """Times as crontab writes them, in a time zone."""

    __tablename__ = "django_celery_beat_crontabschedule"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    minute: Mapped[str] = mapped_column(String, server_default="*")
    hour: Mapped[str] = mapped_column(String, server_default="*")
    day_of_month: Mapped[str] = mapped_column(String, server_default="*")
    month_of_year: Mapped[str] = mapped_column(String, server_default="*")
    day_of_week: Mapped[str] = mapped_column(String, server_default="*")
    timezone: Mapped[str] = mapped_column(String, server_default="UTC")


class IntervalSchedule(Base):
    """Every so many periods."""

    __tablename__ = "django_celery_beat_intervalschedule"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    every: Mapped[int] = mapped_column(Integer)
    period: Mapped[str] = mapped_column(String)

    __table_args__ = (
        CheckConstraint(
            "period IN ('days', 'hours', 'minutes', 'seconds', 'microseconds')",
            name="ck_django_celery_beat_intervalschedule_period_known",
        ),
    )


class SolarSchedule(Base):
    """An event of the sun at a place."""

    __tablename__ = "django_celery_beat_solarschedule"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    event: Mapped[str] = mapped_column(String)
    latitude: Mapped[Decimal] = mapped_column(Numeric(9, 6))
    longitude: Mapped[Decimal] = mapped_column(Numeric(9, 6))

    __table_args__ = (
        UniqueConstraint(
            "event", "latitude", "longitude", name="unique_together_django_celery_beat_solarschedule"
        ),
        CheckConstraint(
            "event IN ('dawn_astronomical', 'dawn_nautical', 'dawn_civil', 'sunrise', 'solar_noon', "
            "'sunset', 'dusk_civil', 'dusk_nautical', 'dusk_astronomical')",
            name="ck_django_celery_beat_solarschedule_event_known",
        ),
    )


class PeriodicTask(Base):
    """A task and when it is due; exactly one of the four schedules is set.

    `task` is a name that a service declared, `queue` that service, `exchange` the topic,
    `routing_key` the Kafka key, `headers` the Kafka headers (JSON).
    """

    __tablename__ = "django_celery_beat_periodictask"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    name: Mapped[str] = mapped_column(String, unique=True)
    task: Mapped[str] = mapped_column(String)
    interval_id: Mapped[int | None] = mapped_column(
        BigInteger, ForeignKey("django_celery_beat_intervalschedule.id", ondelete="CASCADE"), index=True
    )
    crontab_id: Mapped[int | None] = mapped_column(
        BigInteger, ForeignKey("django_celery_beat_crontabschedule.id", ondelete="CASCADE"), index=True
    )
    solar_id: Mapped[int | None] = mapped_column(
        BigInteger, ForeignKey("django_celery_beat_solarschedule.id", ondelete="CASCADE"), index=True
    )
    clocked_id: Mapped[int | None] = mapped_column(
        BigInteger, ForeignKey("django_celery_beat_clockedschedule.id", ondelete="CASCADE"), index=True
    )
    args: Mapped[str] = mapped_column(Text, server_default="[]")
    kwargs: Mapped[str] = mapped_column(Text, server_default="{}")
    queue: Mapped[str | None] = mapped_column(String)
    exchange: Mapped[str | None] = mapped_column(String)
    routing_key: Mapped[str | None] = mapped_column(String)
    headers: Mapped[str] = mapped_column(Text, server_default="{}")
    priority: Mapped[int | None] = mapped_column(Integer)
    expires: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    expire_seconds: Mapped[int | None] = mapped_column(Integer)
    one_off: Mapped[bool] = mapped_column(Boolean, server_default=false())
    start_time: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    enabled: Mapped[bool] = mapped_column(Boolean, server_default=true())
    last_run_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    total_run_count: Mapped[int] = mapped_column(Integer, server_default="0")
    date_changed: Mapped[datetime] = mapped_column(
        DateTime(timezone=True), server_default=func.now(), onupdate=now
    )
    description: Mapped[str] = mapped_column(Text, server_default="")

    __table_args__ = (
        CheckConstraint(
            "num_nonnulls(interval_id, crontab_id, solar_id, clocked_id) = 1",
            name="ck_django_celery_beat_periodictask_one_schedule",
        ),
    )


class PeriodicTasks(Base):
    """When the schedules last changed: one row, so that the scheduler can look cheaply."""

    __tablename__ = "django_celery_beat_periodictasks"

    ident: Mapped[int] = mapped_column(
        SmallInteger, primary_key=True, autoincrement=False, server_default="1"
    )
    last_update: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
