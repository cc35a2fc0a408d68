"""The mirror of instructor's rows: own tables, written by instructor's events alone."""

from chassis.db import Base
from sqlalchemy import BigInteger, Boolean, Index, String, false
from sqlalchemy.orm import Mapped, mapped_column


class CatalogInstructor(Base):
    """An instructor profile: whose it is, and whether it is in good standing."""

    __tablename__ = "catalog_instructor"

    profile_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    version: Mapped[int] = mapped_column(BigInteger)
    user_id: Mapped[int] = mapped_column(BigInteger, index=True)
    status: Mapped[str] = mapped_column(String)


class CatalogCoInstructor(Base):
    """What a user may do in a course; the row stays, inactive, once they are removed."""

    __tablename__ = "catalog_co_instructor"

    course_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    user_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    version: Mapped[int] = mapped_column(BigInteger)
    is_active: Mapped[bool] = mapped_column(Boolean, server_default=false())
    can_edit_content: Mapped[bool] = mapped_column(Boolean, server_default=false())

    __table_args__ = (Index("ix_catalog_co_instructor_user_id", "user_id"),)
