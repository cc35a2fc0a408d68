"""E-mail addresses: several per account, one primary, each confirmed by its key."""

from datetime import datetime

from chassis.db import Base
from sqlalchemy import (
    BigInteger,
    Boolean,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    String,
    UniqueConstraint,
    false,
    func,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column


class EmailAddress(Base):
    """An address of an account. At most one is primary; a verified one belongs to one account only."""

    __tablename__ = "account_emailaddress"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    user_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("users_customuser.id", ondelete="CASCADE"))
    email: Mapped[str] = mapped_column(String, index=True)
    verified: Mapped[bool] = mapped_column(Boolean, server_default=false())
    primary: Mapped[bool] = mapped_column(Boolean, server_default=false())

    __table_args__ = (
        Index("unique_primary_email", "user_id", "primary", unique=True, postgresql_where=text('"primary"')),
        Index("unique_verified_email", "email", unique=True, postgresql_where=text("verified")),
        UniqueConstraint("user_id", "email", name="unique_together_account_emailaddress"),
    )


class EmailConfirmation(Base):
    """A key that was mailed to an address to confirm it; stored hashed."""

    __tablename__ = "account_emailconfirmation"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    email_address_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("account_emailaddress.id", ondelete="CASCADE"), index=True
    )
    created: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    sent: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    key: Mapped[str] = mapped_column(String, unique=True)
