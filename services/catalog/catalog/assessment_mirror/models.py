"""The mirror of assessment's assessments: an own table, written by assessment's events alone."""

from chassis.db import Base
from sqlalchemy import BigInteger, Boolean
from sqlalchemy.orm import Mapped, mapped_column


class CatalogAssessment(Base):
    """An assessment and the lesson it belongs to; a removed one stays, so that an older event brings nothing back."""

    __tablename__ = "catalog_assessment"

    assessment_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    version: Mapped[int] = mapped_column(BigInteger)
    lesson_id: Mapped[int] = mapped_column(BigInteger, index=True)
    is_removed: Mapped[bool] = mapped_column(Boolean)
