"""Freshness: how new the newest fact in the statistics is, and how long it took to get there."""

from datetime import datetime

from chassis.db import Base
from sqlalchemy import BigInteger, DateTime, Double, SmallInteger
from sqlalchemy.orm import Mapped, mapped_column


class FoldWatermark(Base):
    """One row: the time of the newest fact folded in, when the last batch was, and how late its newest fact was."""

    __tablename__ = "fold_watermark"

    id: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    newest_fact_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    folded_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    lag_seconds: Mapped[float] = mapped_column(Double)
    facts: Mapped[int] = mapped_column(BigInteger)
