"""Mail requests: what strangers ask to have mailed, answered by the worker."""

from datetime import datetime
from ipaddress import IPv4Address, IPv6Address

from chassis.db import Base
from sqlalchemy import BigInteger, CheckConstraint, DateTime, Identity, SmallInteger, String, func
from sqlalchemy.dialects.postgresql import INET
from sqlalchemy.orm import Mapped, mapped_column


class MailRequest(Base):
    """Somebody asked to have a link mailed to an address, which may have an account or not.

    The request is written down unseen: only the worker looks for the account, so that the answer takes as long for
    an address without one.
    """

    __tablename__ = "mail_requests"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    kind: Mapped[str] = mapped_column(String)
    email: Mapped[str] = mapped_column(String)
    ip_address: Mapped[IPv4Address | IPv6Address] = mapped_column(INET)
    attempts: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())

    __table_args__ = (
        CheckConstraint("kind IN ('verification', 'reset')", name="ck_mail_requests_kind_known"),
    )
