"""The facts of users as a client sees them."""

from typing import Any
from uuid import UUID

from chassis.pagination import PageParams
from chassis.schemas import Identifier, Instant, OutputModel
from pydantic import ConfigDict


class ActivityParams(PageParams):
    """Whose activity, and in which course; together or alone."""

    user_id: Identifier | None = None
    course_id: Identifier | None = None


class ActivityOut(OutputModel):
    """Something that happened: `activity_type` is the event's type, `data` what it tells, `created_date` when."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": 1001,
                    "event_id": "0191f0a2-77aa-7c3e-9a44-0c1d2e3f4a5b",
                    "user_id": 7,
                    "activity_type": "learning.lesson.completed",
                    "course_id": 12,
                    "lesson_id": 101,
                    "resource_id": None,
                    "assessment_id": None,
                    "data": {
                        "enrollment_id": 42,
                        "user_id": 7,
                        "course_id": 12,
                        "lesson_id": 101,
                        "completed_at": "2026-11-22T20:12:00Z",
                    },
                    "created_date": "2026-11-22T20:12:00Z",
                }
            ]
        }
    )

    id: Identifier
    event_id: UUID
    user_id: Identifier
    activity_type: str
    course_id: Identifier | None
    lesson_id: Identifier | None
    resource_id: Identifier | None
    assessment_id: Identifier | None
    data: dict[str, Any]
    created_date: Instant
