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
        # The old site kept capital letters as they were typed.
        Index(
            "uq_account_emailaddress_lower_verified",
            func.lower(text("email")),
            unique=True,
            postgresql_where=text("verified"),
        ),
        UniqueConstraint("user_id", "email", name="unique_together_account_emailaddress"),
    )


class EmailConfirmation(Base):
    """A key that was mailed to an address to confirm it; stored as its SHA-256 in hex.

    Until the worker has mailed it (`sent`), `key` is the hash of nothing that anybody knows. It is good for a while
    after `sent`, and gone once it was used.
    """

    __tablename__ = "account_emailconfirmation"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    email_address_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("account_emailaddress.id", ondelete="CASCADE"), index=True
    )
    created: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    sent: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    key: Mapped[str] = mapped_column(String, unique=True)

    __table_args__ = (
        Index("ix_account_emailconfirmation_unsent", "id", postgresql_where=text("sent IS NULL")),
    )


class ConfirmationMail(Base):
    """That somebody's wish had a mail sent to an address, remembered for the hour in which it counts.

    Not in EmailConfirmation: its rows go with the address, and an address can be removed and added again.
    """

    __tablename__ = "confirmation_mails"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    user_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("users_customuser.id", ondelete="CASCADE"), index=True
    )
    email: Mapped[str] = mapped_column(String, index=True)
    sent_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), index=True)
