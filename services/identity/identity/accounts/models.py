"""Accounts: who may sign in, with which role, and whether they are locked out."""

from datetime import datetime

from chassis.db import Base
from sqlalchemy import (
    DDL,
    BigInteger,
    Boolean,
    CheckConstraint,
    DateTime,
    Identity,
    Index,
    Integer,
    LargeBinary,
    String,
    false,
    func,
    literal_column,
    text,
    true,
)
from sqlalchemy.event import listen
from sqlalchemy.orm import Mapped, mapped_column

# Expressions of indexes are written as PostgreSQL writes them down: so they can be compared with what is there.

SEARCHED = (
    "lower(((((((' '::text || username::text) || ' '::text) || email::text) || ' '::text) "
    "|| first_name::text) || ' '::text) || last_name::text)"
)
"""What admins search in, every word with a blank before it; the index is over this very expression."""


OLD_HASH_ITERATIONS = r"""("substring"(password::text, '^pbkdf2_sha256\$(\d{1,7})\$'::text)::integer)"""
"""In SQL: the iterations of a hash of the old site's; null for every other."""


class CustomUser(Base):
    """An account.

    `password` is an argon2id hash, or one of the old site's (pbkdf2_sha256) until its next login.
    `is_staff` says role admin; `email` and `is_email_verified` mirror the primary EmailAddress.
    """

    __tablename__ = "users_customuser"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    password: Mapped[str] = mapped_column(String)
    is_superuser: Mapped[bool] = mapped_column(Boolean, server_default=false())
    first_name: Mapped[str] = mapped_column(String, server_default="")
    last_name: Mapped[str] = mapped_column(String, server_default="")
    is_staff: Mapped[bool] = mapped_column(Boolean, server_default=false())
    email: Mapped[str] = mapped_column(String, unique=True)
    username: Mapped[str] = mapped_column(String, unique=True)
    role: Mapped[str] = mapped_column(String, server_default="student")
    is_email_verified: Mapped[bool] = mapped_column(Boolean, server_default=false())
    date_joined: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    last_login: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    failed_login_attempts: Mapped[int] = mapped_column(Integer, server_default="0")
    temporary_ban_until: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    is_active: Mapped[bool] = mapped_column(Boolean, server_default=true())
    # Our own column: `temporary_ban_until` is the end of an admin's ban, and not of a lockout.
    is_banned: Mapped[bool] = mapped_column(Boolean, server_default=false())
    state_version: Mapped[int] = mapped_column(BigInteger, server_default="0")

    __table_args__ = (
        CheckConstraint("role IN ('student', 'instructor', 'admin')", name="ck_users_customuser_role_known"),
        # Nobody is taken for somebody else by a capital letter.
        Index("uq_users_customuser_lower_email", func.lower(text("email")), unique=True),
        Index("uq_users_customuser_lower_username", func.lower(text("username")), unique=True),
        # Few rows, and fewer every day: whose hash is still one of the old site's.
        Index(
            "ix_users_customuser_old_hash",
            text(OLD_HASH_ITERATIONS),
            postgresql_where=text(f"{OLD_HASH_ITERATIONS} IS NOT NULL"),
        ),
        Index(
            "ix_users_customuser_searched",
            literal_column(SEARCHED).label("searched"),
            postgresql_using="gin",
            postgresql_ops={"searched": "gin_trgm_ops"},
        ),
    )


listen(CustomUser.__table__, "before_create", DDL("CREATE EXTENSION IF NOT EXISTS pg_trgm"))  # type: ignore[no-untyped-call]


class ReservedUsername(Base):
    """A username that somebody asked for together with an address that has an account.

    It was not given away, and it is not free any more: else a second try with the same name would tell whether the
    address was taken.
    """

    __tablename__ = "reserved_usernames"

    username: Mapped[str] = mapped_column(String, primary_key=True)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())


class RetiredUsername(Base):
    """The username of somebody who was erased, as an HMAC under our secret: nobody can take their place under it, and
    nobody can read who they were."""

    __tablename__ = "retired_usernames"

    digest: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    retired_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
