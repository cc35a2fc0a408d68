"""Passkeys: key pairs of people's devices (WebAuthn), which log in by themselves or answer for a second factor."""

from datetime import datetime

from chassis.db import Base
from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    DateTime,
    ForeignKey,
    Identity,
    LargeBinary,
    String,
    func,
)
from sqlalchemy.orm import Mapped, mapped_column


class Passkey(Base):
    """The public half of one key pair, and what its authenticator says of itself.

    `sign_count` is what the authenticator counted at its last use; `suspected_at` when it counted no further, as a
    copy of it would.
    """

    __tablename__ = "passkeys"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    user_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("users_customuser.id", ondelete="CASCADE"), index=True
    )
    credential_id: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    public_key: Mapped[bytes] = mapped_column(LargeBinary)
    sign_count: Mapped[int] = mapped_column(BigInteger, server_default="0")
    name: Mapped[str] = mapped_column(String)
    transports: Mapped[list[str]] = mapped_column(ARRAY(String), server_default="{}")
    aaguid: Mapped[str] = mapped_column(String, server_default="")
    is_backed_up: Mapped[bool] = mapped_column(Boolean)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    last_used_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    suspected_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class PasskeyOwner(Base):
    """What authenticators know an account by: random, for a passkey shows it to whoever holds the device."""

    __tablename__ = "passkey_owners"

    user_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("users_customuser.id", ondelete="CASCADE"), primary_key=True
    )
    handle: Mapped[bytes] = mapped_column(LargeBinary, unique=True)


class PasskeyChallenge(Base):
    """A challenge that was handed out and not answered yet; `user_id` is who registers with it, null for a login.

    Only the SHA-256 of it is kept.
    """

    __tablename__ = "passkey_challenges"

    digest: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    user_id: Mapped[int | None] = mapped_column(
        BigInteger, ForeignKey("users_customuser.id", ondelete="CASCADE"), index=True
    )
    expires_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), index=True)
