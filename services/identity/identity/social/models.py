"""Social login: linked accounts and what a login needs on its way."""

from datetime import datetime
from typing import Any

from chassis.db import Base, now
from sqlalchemy import (
    BigInteger,
    Boolean,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    SmallInteger,
    String,
    Text,
    UniqueConstraint,
    false,
    func,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column


class SocialAccount(Base):
    """An account at a provider, linked by a login in the browser."""

    __tablename__ = "socialaccount_socialaccount"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    user_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("users_customuser.id", ondelete="CASCADE"), index=True
    )
    provider: Mapped[str] = mapped_column(String)
    uid: Mapped[str] = mapped_column(String)
    last_login: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    date_joined: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    extra_data: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default="{}")

    __table_args__ = (
        UniqueConstraint("provider", "uid", name="unique_together_socialaccount_socialaccount"),
    )


class SocialToken(Base):
    """A provider's tokens for a linked account: `token` for access, `token_secret` to refresh it.

    Both are "sealed:" and hex, or "" for none: `links` seals them by the vault.
    """

    __tablename__ = "socialaccount_socialtoken"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    app_id: Mapped[int | None] = mapped_column(
        BigInteger, ForeignKey("socialaccount_socialapp.id", ondelete="SET NULL")
    )
    account_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("socialaccount_socialaccount.id", ondelete="CASCADE"), index=True
    )
    token: Mapped[str] = mapped_column(Text)
    token_secret: Mapped[str] = mapped_column(Text, server_default="")
    expires_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))

    __table_args__ = (
        UniqueConstraint("app_id", "account_id", name="unique_together_socialaccount_socialtoken"),
    )


class UserSocialAuth(Base):
    """An account at a provider, linked by the exchange of a token (mobile clients)."""

    __tablename__ = "social_auth_usersocialauth"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    user_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("users_customuser.id", ondelete="CASCADE"), index=True
    )
    provider: Mapped[str] = mapped_column(String)
    uid: Mapped[str] = mapped_column(String, index=True)
    extra_data: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default="{}")
    created: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    modified: Mapped[datetime] = mapped_column(
        DateTime(timezone=True), server_default=func.now(), onupdate=now
    )

    __table_args__ = (UniqueConstraint("provider", "uid", name="unique_together_social_auth_usersocialauth"),)


class Association(Base):
    """A provider's signing key as it was fetched.

    `server_url` is the issuer, `handle` the kid, `secret` the JWK, `assoc_type` the algorithm;
    `issued` is in seconds since 1970, `lifetime` in seconds.
    """

    __tablename__ = "social_auth_association"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    server_url: Mapped[str] = mapped_column(String)
    handle: Mapped[str] = mapped_column(String)
    secret: Mapped[str] = mapped_column(String)
    issued: Mapped[int] = mapped_column(BigInteger)
    lifetime: Mapped[int] = mapped_column(Integer)
    assoc_type: Mapped[str] = mapped_column(String, server_default="")

    __table_args__ = (
        UniqueConstraint("server_url", "handle", name="unique_together_social_auth_association"),
    )


class Nonce(Base):
    """A nonce of a provider's that was used: the unique row is the guard against replay.

    `server_url` is the issuer, `salt` the SHA-256 of what was used; `timestamp`, in seconds since 1970, is when it may be
    forgotten, because nothing with it is taken any more.
    """

    __tablename__ = "social_auth_nonce"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    server_url: Mapped[str] = mapped_column(String)
    timestamp: Mapped[int] = mapped_column(BigInteger)
    salt: Mapped[str] = mapped_column(String)

    __table_args__ = (
        UniqueConstraint("server_url", "timestamp", "salt", name="unique_together_social_auth_nonce"),
        # Once, whenever it comes again.
        Index("uq_social_auth_nonce_server_url_salt", "server_url", "salt", unique=True),
        Index("ix_social_auth_nonce_timestamp", "timestamp"),
    )


class Partial(Base):
    """A social login that waits for something, resumed by its token, once.

    `token` is the SHA-256 of what the client holds, `next_step` a `rules.Step`, `backend` the provider's slug; `data` is
    sealed by the vault. How long it may wait follows from `timestamp` and the step.
    """

    __tablename__ = "social_auth_partial"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    token: Mapped[str] = mapped_column(String, index=True)
    next_step: Mapped[int] = mapped_column(SmallInteger)
    backend: Mapped[str] = mapped_column(String)
    data: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default="{}")
    timestamp: Mapped[datetime] = mapped_column(
        DateTime(timezone=True), index=True, server_default=func.now()
    )


class Code(Base):
    """The code that confirms the address of a social login.

    `code` is the SHA-256 of what was mailed together with the paused login it was mailed for; `verified` says that it was
    used.
    """

    __tablename__ = "social_auth_code"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    email: Mapped[str] = mapped_column(String)
    code: Mapped[str] = mapped_column(String, index=True)
    verified: Mapped[bool] = mapped_column(Boolean, server_default=false())
    timestamp: Mapped[datetime] = mapped_column(
        DateTime(timezone=True), index=True, server_default=func.now()
    )

    __table_args__ = (UniqueConstraint("email", "code", name="unique_together_social_auth_code"),)
