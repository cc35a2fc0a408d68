"""Erasures: an account forgotten at its owner's wish, here and in every service, and the receipt for it."""

from datetime import datetime
from uuid import UUID

from chassis.db import Base
from sqlalchemy import (
    BigInteger,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    LargeBinary,
    String,
    Text,
    Uuid,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column


class Erasure(Base):
    """One account's erasure.

    Until every service has reported it holds the account's id, to ask again, and the last address, sealed, to mail the
    receipt to; after that nothing that leads to the person. `token_digest` is the SHA-256 of the receipt's token,
    `told_at` when the services were last asked, `mail_id` names the receipt's mail until it has left the house.
    """

    __tablename__ = "erasures"
    __table_args__ = (Index("ix_erasures_open", "told_at", postgresql_where=text("completed_at IS NULL")),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    user_id: Mapped[int | None] = mapped_column(BigInteger)
    tombstone_id: Mapped[int] = mapped_column(BigInteger, unique=True)
    token_digest: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    recipient_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    requested_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    told_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    completed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    receipt: Mapped[str | None] = mapped_column(Text)
    mail_id: Mapped[UUID | None] = mapped_column(Uuid)


class ErasureReport(Base):
    """A service that has to report; `completed_at` is when it had written the tombstone everywhere."""

    __tablename__ = "erasure_reports"

    erasure_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("erasures.id", ondelete="CASCADE"), primary_key=True
    )
    service: Mapped[str] = mapped_column(String, primary_key=True)
    completed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
