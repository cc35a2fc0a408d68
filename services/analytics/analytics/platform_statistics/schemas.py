"""The statistics of the platform as everybody sees them."""

from chassis.schemas import Instant
from pydantic import ConfigDict

from analytics.freshness.schemas import FreshOut


class PlatformStatisticsOut(FreshOut):
    """How the platform does."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "as_of": "2026-11-22T20:12:00.250000Z",
                    "lag_seconds": 0.041,
                    "total_courses": 41,
                    "total_students": 1033,
                    "total_instructors": 12,
                    "total_lessons_completed": 20418,
                    "total_certificates_issued": 377,
                    "last_updated": "2026-11-22T20:12:00.250000Z",
                }
            ]
        }
    )

    total_courses: int = 0
    total_students: int = 0
    total_instructors: int = 0
    total_lessons_completed: int = 0
    total_certificates_issued: int = 0
    last_updated: Instant | None = None
