"""Second factors: the codes of an authenticator app, recovery codes, and the challenge between the two factors."""

from datetime import datetime
from ipaddress import IPv4Address, IPv6Address

from chassis.db import Base
from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Identity,
    LargeBinary,
    SmallInteger,
    String,
    Text,
    UniqueConstraint,
    func,
)
from sqlalchemy.dialects.postgresql import INET
from sqlalchemy.orm import Mapped, mapped_column


class Authenticator(Base):
    """An account's authenticator app (TOTP). It asks for nothing before a first code of it was given.

    `secret` is sealed by the vault. `last_step` is the newest time step of which a code was used: codes of it and of
    those before are refused.
    """

    __tablename__ = "second_factor_authenticators"

    user_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("users_customuser.id", ondelete="CASCADE"), primary_key=True
    )
    secret: Mapped[bytes] = mapped_column(LargeBinary)
    last_step: Mapped[int] = mapped_column(BigInteger, server_default="0")
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    confirmed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class RecoveryCode(Base):
    """One way back in for who lost the app; only the SHA-256 of its 100 random bits is kept."""

    __tablename__ = "second_factor_recovery_codes"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    user_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("users_customuser.id", ondelete="CASCADE"))
    digest: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    used_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))

    __table_args__ = (
        UniqueConstraint("user_id", "digest", name="uq_second_factor_recovery_codes_user_id_digest"),
    )


class Challenge(Base):
    """A login between its two factors; only the SHA-256 of what the client holds is kept.

    It is good for the account, the way and the place of the first factor, once, and for a few tries.
    """

    __tablename__ = "second_factor_challenges"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    digest: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    user_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("users_customuser.id", ondelete="CASCADE"), index=True
    )
    login_method: Mapped[str] = mapped_column(String)
    ip_address: Mapped[IPv4Address | IPv6Address] = mapped_column(INET)
    user_agent: Mapped[str] = mapped_column(Text, server_default="")
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    expires_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), index=True)
    attempts: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    used_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))

    __table_args__ = (
        CheckConstraint(
            "login_method IN ('password', 'oidc', 'token')",
            name="ck_second_factor_challenges_login_method_known",
        ),
    )
