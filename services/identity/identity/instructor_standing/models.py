"""Instructor standing: what the instructor service said last of who may teach; the role follows it."""

from chassis.db import Base
from sqlalchemy import BigInteger, String
from sqlalchemy.orm import Mapped, mapped_column


class MirrorInstructor(Base):
    """An instructor profile's status in its newest version, so that an older one that comes late changes nothing."""

    __tablename__ = "identity_instructor"

    profile_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    user_id: Mapped[int] = mapped_column(BigInteger, index=True)
    status: Mapped[str] = mapped_column(String)
    version: Mapped[int] = mapped_column(BigInteger)
