"""Folding: rebuilds that were asked for."""

from datetime import datetime

from chassis.db import Base
from sqlalchemy import BigInteger, DateTime, Identity, Index, String, func, text
from sqlalchemy.orm import Mapped, mapped_column


class Rebuild(Base):
    """An admin's wish that everything be folded again from the beginning. The worker does it, one at a time."""

    __tablename__ = "rebuilds"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    requested_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    requested_by_id: Mapped[int] = mapped_column(BigInteger)
    status: Mapped[str] = mapped_column(String, server_default="waiting")
    started_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    finished_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    facts: Mapped[int | None] = mapped_column(BigInteger)
    error: Mapped[str] = mapped_column(String, server_default="")

    __table_args__ = (
        # One that has not begun is enough for everybody who asks meanwhile.
        Index("ix_rebuilds_waiting", "status", unique=True, postgresql_where=text("status = 'waiting'")),
    )
