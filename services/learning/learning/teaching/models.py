"""The mirror of instructor's rows: own tables, written by instructor's events alone."""

from chassis.db import Base
from sqlalchemy import BigInteger, Boolean, Index, String
from sqlalchemy.orm import Mapped, mapped_column


class MirrorInstructor(Base):
    """An instructor profile: whose it is, and whether it is in good standing."""

    __tablename__ = "learning_instructor"

    profile_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    version: Mapped[int] = mapped_column(BigInteger)
    user_id: Mapped[int] = mapped_column(BigInteger, index=True)
    status: Mapped[str] = mapped_column(String)


class MirrorTeaching(Base):
    """What a user may do in a course; `is_active` false once removed, so that nothing older comes back."""

    __tablename__ = "learning_teaching"

    course_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    user_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    version: Mapped[int] = mapped_column(BigInteger)
    is_active: Mapped[bool] = mapped_column(Boolean)
    is_lead: Mapped[bool] = mapped_column(Boolean)
    can_manage_students: Mapped[bool] = mapped_column(Boolean)

    __table_args__ = (Index("ix_learning_teaching_user_id", "user_id"),)
