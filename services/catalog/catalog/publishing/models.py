"""Publications: what was last told of a course's outline."""

from typing import Any

from chassis.db import Base
from sqlalchemy import BigInteger, ForeignKey
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column


class CoursePublication(Base):
    """The latest CoursePublished of a course, as it was told: `payload` is the event's data.

    `course_state_version` is the course's own after that publication: while they are equal, nothing
    was changed since. `archive_id` is the version that keeps the content as it was published then.
    """

    __tablename__ = "catalog_course_publication"

    course_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("courses_course.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    version: Mapped[int] = mapped_column(BigInteger)
    course_state_version: Mapped[int] = mapped_column(BigInteger)
    payload: Mapped[dict[str, Any]] = mapped_column(JSONB)
    archive_id: Mapped[int | None] = mapped_column(BigInteger)
