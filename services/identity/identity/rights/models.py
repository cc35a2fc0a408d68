"""Rights: the groups and permissions of the staff."""

from chassis.db import Base
from sqlalchemy import BigInteger, ForeignKey, Identity, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column


class Group(Base):
    """A named set of permissions."""

    __tablename__ = "auth_group"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    name: Mapped[str] = mapped_column(String, unique=True)


class Permission(Base):
    """Something that may be done; `codename` is what the access token carries."""

    __tablename__ = "auth_permission"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    name: Mapped[str] = mapped_column(String, server_default="")
    codename: Mapped[str] = mapped_column(String, unique=True)


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
