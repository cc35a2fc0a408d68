"""Teaching: who teaches which course now, and may see its numbers."""

from chassis.db import Base
from sqlalchemy import BigInteger, Boolean
from sqlalchemy.orm import Mapped, mapped_column


class FoldTeaching(Base):
    """See `rules.Teaching`."""

    __tablename__ = "fold_teaching"

    course_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    user_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False, index=True)
    version: Mapped[int] = mapped_column(BigInteger)
    teaches: Mapped[bool] = mapped_column(Boolean)
    can_view_analytics: Mapped[bool] = mapped_column(Boolean)
