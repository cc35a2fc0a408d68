"""A course's students, as those who teach it see them."""

from typing import Literal

from chassis.pagination import PageParams
from chassis.schemas import Identifier, Instant, OutputModel
from pydantic import ConfigDict

from learning.enrollments.schemas import Status


class StudentList(PageParams):
    """What students can be filtered by; without a status, those who did not drop the course."""

    status: Literal["active", "completed", "dropped"] | None = None


class StudentOut(OutputModel):
    """A student of a course. `display_name` is null for a person who was erased; times are in seconds."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "user_id": 7,
                    "display_name": "Ada Lovelace",
                    "picture_url": None,
                    "enrollment_id": 42,
                    "status": "active",
                    "enrolled_date": "2026-11-22T20:00:00Z",
                    "completion_date": None,
                    "last_accessed": "2026-11-22T20:12:00Z",
                    "progress_percentage": 25,
                    "total_time_spent": 720,
                }
            ]
        }
    )

    user_id: Identifier
    display_name: str | None
    picture_url: str | None
    enrollment_id: Identifier
    status: Status
    enrolled_date: Instant
    completion_date: Instant | None
    last_accessed: Instant
    progress_percentage: int
    total_time_spent: int
