"""The mirror of identity's accounts: an own table, written by identity's events alone."""

from chassis.db import Base
from sqlalchemy import BigInteger, Text
from sqlalchemy.orm import Mapped, mapped_column


class CatalogPerson(Base):
    """The public side of an account. An erased one keeps nothing but the id that stands in for it."""

    __tablename__ = "catalog_person"

    user_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    version: Mapped[int] = mapped_column(BigInteger)
    display_name: Mapped[str] = mapped_column(Text, server_default="")
    picture_url: Mapped[str | None] = mapped_column(Text)
    tombstone_id: Mapped[int | None] = mapped_column(BigInteger)
