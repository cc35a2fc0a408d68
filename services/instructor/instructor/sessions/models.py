"""Sessions: where an instructor is signed in, and what looked odd."""

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
    String,
    Text,
    false,
    func,
    true,
)
from sqlalchemy.dialects.postgresql import INET
from sqlalchemy.orm import Mapped, mapped_column


class InstructorSession(Base):
    """Where an instructor is signed in.

    `session_key` is the session id of the token; `security_notes` names the rule that fired.
    """

    __tablename__ = "instructor_portal_instructorsession"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    instructor_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("instructor_portal_instructorprofile.id", ondelete="CASCADE")
    )
    session_key: Mapped[str] = mapped_column(String, unique=True)
    ip_address: Mapped[IPv4Address | IPv6Address] = mapped_column(INET)
    user_agent: Mapped[str] = mapped_column(Text, server_default="")
    device_type: Mapped[str] = mapped_column(String, server_default="")
    location: Mapped[str] = mapped_column(String, server_default="")
    login_time: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    last_activity: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    logout_time: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    is_active: Mapped[bool] = mapped_column(Boolean, server_default=true())
    is_suspicious: Mapped[bool] = mapped_column(Boolean, server_default=false())
    security_notes: Mapped[str] = mapped_column(Text, server_default="")

    __table_args__ = (
        Index("instructor__instruc_a56576_idx", "instructor_id", login_time.desc()),
        Index("instructor__ip_addr_6fb7f3_idx", "ip_address", "login_time"),
        Index("instructor__is_acti_dbf638_idx", "is_active", "last_activity"),
    )
