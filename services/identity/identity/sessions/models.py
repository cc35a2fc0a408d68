"""Sessions: one per login, on which its tokens live and end."""

from datetime import datetime
from ipaddress import IPv4Address, IPv6Address

from chassis.db import Base
from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    String,
    Text,
    func,
    true,
)
from sqlalchemy.dialects.postgresql import INET
from sqlalchemy.orm import Mapped, mapped_column


class UserSession(Base):
    """One login, which is one family of refresh tokens; ending it ends its tokens."""

    __tablename__ = "users_usersession"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    user_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("users_customuser.id", ondelete="CASCADE"))
    session_key: Mapped[str] = mapped_column(String)
    ip_address: Mapped[IPv4Address | IPv6Address] = mapped_column(INET)
    user_agent: Mapped[str] = mapped_column(Text, server_default="")
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    expires_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    last_activity: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    is_active: Mapped[bool] = mapped_column(Boolean, server_default=true())
    device_type: Mapped[str] = mapped_column(String, server_default="")
    location: Mapped[str] = mapped_column(String, server_default="")
    login_method: Mapped[str | None] = mapped_column(String)

    __table_args__ = (
        CheckConstraint(
            "login_method IN ('password', 'oidc', 'token', 'passkey')",
            name="ck_users_usersession_login_method_known",
        ),
        Index("users_users_user_id_3887fe_idx", "user_id", "is_active"),
        Index("users_users_session_70af4d_idx", "session_key"),
    )
