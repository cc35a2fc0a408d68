"""A mirror of identity's public side of accounts."""

from chassis.db import Base
from sqlalchemy import BigInteger, Boolean, String
from sqlalchemy.orm import Mapped, mapped_column


class Person(Base):
    """What others see of an account; the newest `version` wins."""

    __tablename__ = "instructor_person"

    user_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    display_name: Mapped[str] = mapped_column(String)
    is_active: Mapped[bool] = mapped_column(Boolean)
    version: Mapped[int] = mapped_column(BigInteger)
