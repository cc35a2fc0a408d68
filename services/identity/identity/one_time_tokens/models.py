"""One-time tokens: what is mailed to verify an address or reset a password."""

from datetime import datetime
from ipaddress import IPv4Address, IPv6Address
from uuid import UUID

from chassis.db import Base
from sqlalchemy import BigInteger, Boolean, DateTime, ForeignKey, Identity, Index, Uuid, false, func
from sqlalchemy.dialects.postgresql import INET
from sqlalchemy.orm import Mapped, mapped_column


class EmailVerification(Base):
    """One mailed link that verifies an address.

    `token` is the first 128 bits of the SHA-256 of what was mailed: the table alone verifies nobody.
    """

    __tablename__ = "users_emailverification"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    user_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("users_customuser.id", ondelete="CASCADE"))
    token: Mapped[UUID] = mapped_column(Uuid, unique=True)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    expires_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    verified_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    is_used: Mapped[bool] = mapped_column(Boolean, server_default=false())

    __table_args__ = (Index("users_email_user_id_8f79bf_idx", "user_id", "is_used"),)


class PasswordReset(Base):
    """One mailed link that sets a new password.

    `token` is the first 128 bits of the SHA-256 of what was mailed: the table alone resets nothing.
    """

    __tablename__ = "users_passwordreset"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    user_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("users_customuser.id", ondelete="CASCADE"))
    token: Mapped[UUID] = mapped_column(Uuid, unique=True)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    expires_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    used_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    is_used: Mapped[bool] = mapped_column(Boolean, server_default=false())
    ip_address: Mapped[IPv4Address | IPv6Address | None] = mapped_column(INET)

    __table_args__ = (Index("users_passw_user_id_61b761_idx", "user_id", "is_used"),)
