"""The audit log: what the staff did, append-only."""

from datetime import datetime
from ipaddress import IPv4Address, IPv6Address
from typing import Any

from chassis.db import Base
from sqlalchemy import BigInteger, DateTime, Identity, Index, String, func, text
from sqlalchemy.dialects.postgresql import INET, JSONB
from sqlalchemy.orm import Mapped, mapped_column


class AdminAuditEntry(Base):
    """One act of one of the staff, with what was before and after.

    The database refuses to change or delete a row, whoever asks; `forget_in_admin_audit_log` alone writes a
    tombstone's id over a person's. No foreign key: the entry outlives the account that acted and what it acted on.
    """

    __tablename__ = "admin_audit_log"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.clock_timestamp())
    actor_id: Mapped[int] = mapped_column(BigInteger)
    actor_role: Mapped[str] = mapped_column(String)
    action: Mapped[str] = mapped_column(String)
    target_type: Mapped[str] = mapped_column(String)
    target_id: Mapped[str] = mapped_column(String)
    changes: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))
    request_id: Mapped[str | None] = mapped_column(String)
    ip_address: Mapped[IPv4Address | IPv6Address | None] = mapped_column(INET)

    __table_args__ = (
        Index("ix_admin_audit_log_actor_id_id", "actor_id", "id"),
        Index("ix_admin_audit_log_target_type_target_id_id", "target_type", "target_id", "id"),
        Index("ix_admin_audit_log_action_id", "action", "id"),
        Index("ix_admin_audit_log_at", "at"),
    )
