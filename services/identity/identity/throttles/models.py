"""Throttles: how often a name, an address or a mailbox may be tried, counted for all replicas together."""

from datetime import datetime

from chassis.db import Base
from sqlalchemy import DateTime, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column


class Throttle(Base):
    """A bucket of tries that is not full: `full_at` is when it will be. One that is full needs no row."""

    __tablename__ = "identity_throttles"

    policy: Mapped[str] = mapped_column(String, primary_key=True)
    key: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    full_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), index=True)
