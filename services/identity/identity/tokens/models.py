"""Tokens: the refresh tokens issued and ended, and the keys that sign."""

from datetime import datetime
from typing import Any

from chassis.db import Base
from sqlalchemy import BigInteger, DateTime, ForeignKey, Identity, LargeBinary, String, Text, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column


class OutstandingToken(Base):
    """One refresh token issued; `token` is the SHA-256 of it in hex, `jti` the first half of that."""

    __tablename__ = "token_blacklist_outstandingtoken"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    user_id: Mapped[int | None] = mapped_column(
        BigInteger, ForeignKey("users_customuser.id", ondelete="SET NULL"), index=True
    )
    jti: Mapped[str] = mapped_column(String, unique=True)
    token: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    expires_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), index=True)
    # Our own column. Null for the old site's tokens, which are not taken any more.
    session_id: Mapped[int | None] = mapped_column(
        BigInteger, ForeignKey("users_usersession.id", ondelete="CASCADE"), index=True
    )


class BlacklistedToken(Base):
    """A refresh token that was ended: rotated, logged out or revoked."""

    __tablename__ = "token_blacklist_blacklistedtoken"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    token_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("token_blacklist_outstandingtoken.id", ondelete="CASCADE"), unique=True
    )
    blacklisted_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())


class SigningKey(Base):
    """A key pair that signs tokens; the private half is encrypted.

    It signs from `not_before` on; its public half stays in the JWKS until `retires_at`, which is
    later than the last token that it signed expires.
    """

    __tablename__ = "signing_keys"

    kid: Mapped[str] = mapped_column(Text, primary_key=True)
    public_jwk: Mapped[dict[str, Any]] = mapped_column(JSONB)
    private_encrypted: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    not_before: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    retires_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
