"""Login attempts: every one on record, and the lockout that follows from wrong ones."""

from datetime import datetime
from ipaddress import IPv4Address, IPv6Address

from chassis.db import Base
from sqlalchemy import (
    BigInteger,
    Boolean,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    LargeBinary,
    String,
    Text,
    false,
    func,
)
from sqlalchemy.dialects.postgresql import INET
from sqlalchemy.orm import Mapped, mapped_column


class LoginLog(Base):
    """One attempt to sign in to an existing account, successful or not.

    `outcome` says more than `successful` does; it is empty in the old site's rows, and so is `login_method`.
    """

    __tablename__ = "users_loginlog"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    user_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("users_customuser.id", ondelete="CASCADE"))
    timestamp: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    ip_address: Mapped[IPv4Address | IPv6Address] = mapped_column(INET)
    user_agent: Mapped[str] = mapped_column(Text, server_default="")
    successful: Mapped[bool] = mapped_column(Boolean, server_default=false())
    outcome: Mapped[str] = mapped_column(String, server_default="")
    login_method: Mapped[str | None] = mapped_column(String)

    __table_args__ = (
        Index("users_login_user_id_312dc6_idx", "user_id", "timestamp"),
        Index("users_login_ip_addr_651077_idx", "ip_address", "timestamp"),
    )


class UnknownLoginAttempt(Base):
    """One attempt to sign in with a name that no account has.

    Only the SHA-256 of the name is kept: people type passwords into the wrong field.
    """

    __tablename__ = "unknown_login_attempts"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    name_digest: Mapped[bytes] = mapped_column(LargeBinary)
    timestamp: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    ip_address: Mapped[IPv4Address | IPv6Address] = mapped_column(INET)
    user_agent: Mapped[str] = mapped_column(Text, server_default="")

    __table_args__ = (
        Index("ix_unknown_login_attempts_name_digest_timestamp", "name_digest", "timestamp"),
        Index("ix_unknown_login_attempts_ip_address_timestamp", "ip_address", "timestamp"),
        Index("ix_unknown_login_attempts_timestamp", "timestamp"),
    )
