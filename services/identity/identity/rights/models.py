"""Rights: the groups and permissions of the staff."""

from datetime import datetime

from chassis.db import Base
from sqlalchemy import (
    BigInteger,
    Boolean,
    DateTime,
    ForeignKey,
    Identity,
    String,
    UniqueConstraint,
    false,
    func,
)
from sqlalchemy.orm import Mapped, mapped_column


class Group(Base):
    """A named set of permissions."""

    __tablename__ = "auth_group"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    name: Mapped[str] = mapped_column(String, unique=True)


class Permission(Base):
    """Something that may be done; `codename` is what the access token carries.

    `is_declared` says that a service knows it today (contracts.permissions). One that none knows any more gives
    nothing and is not shown; who held it holds it again should it come back, as it does when a release is taken back.
    """

    __tablename__ = "auth_permission"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    name: Mapped[str] = mapped_column(String, server_default="")
    codename: Mapped[str] = mapped_column(String, unique=True)
    is_declared: Mapped[bool] = mapped_column(Boolean, server_default=false())


class GroupPermission(Base):
    """A permission of a group."""

    __tablename__ = "auth_group_permissions"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    group_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("auth_group.id", ondelete="CASCADE"))
    permission_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("auth_permission.id", ondelete="CASCADE"), index=True
    )

    __table_args__ = (UniqueConstraint("group_id", "permission_id"),)


class CustomUserGroup(Base):
    """A group that an account belongs to."""

    __tablename__ = "users_customuser_groups"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    customuser_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("users_customuser.id", ondelete="CASCADE")
    )
    group_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("auth_group.id", ondelete="CASCADE"), index=True
    )

    __table_args__ = (
        UniqueConstraint("customuser_id", "group_id", name="unique_together_users_customuser_groups"),
    )


class CustomUserPermission(Base):
    """A permission given to an account directly, beside those of its groups."""

    __tablename__ = "users_customuser_user_permissions"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    customuser_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("users_customuser.id", ondelete="CASCADE")
    )
    permission_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("auth_permission.id", ondelete="CASCADE"), index=True
    )

    __table_args__ = (
        UniqueConstraint(
            "customuser_id", "permission_id", name="unique_together_users_customuser_user_permissions"
        ),
    )


class RightsWithdrawal(Base):
    """An account that lost rights through its group: the worker ends its sessions, and with them what its access
    tokens still say. No foreign key: the worker holds this row before the account's, erasure the other way round."""

    __tablename__ = "rights_withdrawals"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    user_id: Mapped[int] = mapped_column(BigInteger)
    asked_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
