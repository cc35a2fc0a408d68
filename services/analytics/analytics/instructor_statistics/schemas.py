"""The statistics of an instructor as a client sees them."""

from decimal import Decimal

from chassis.schemas import Identifier, Instant, Money
from pydantic import ConfigDict

from analytics.freshness.schemas import FreshOut


class InstructorStatisticsOut(FreshOut):
    """What an instructor reached.

    `instructor_id` is the profile's id, null for who has none. `last_updated` is the last change by a fact,
    `last_calculated` the last time everything was counted from the beginning.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "as_of": "2026-11-22T20:12:00.250000Z",
                    "lag_seconds": 0.041,
                    "user_id": 3,
                    "instructor_id": 2,
                    "courses_created": 4,
                    "total_students": 120,
                    "total_courses": 3,
                    "average_rating": 4.67,
                    "total_reviews": 33,
                    "total_revenue": "2918.50",
                    "monthly_revenue": "273.00",
                    "completion_rate": 41.67,
                    "student_satisfaction_rate": 93.94,
                    "last_updated": "2026-11-22T20:12:00.250000Z",
                    "last_calculated": None,
                }
            ]
        }
    )

    user_id: Identifier | None = None
    instructor_id: Identifier | None = None
    courses_created: int = 0
    total_students: int = 0
    total_courses: int = 0
    average_rating: float = 0.0
    total_reviews: int = 0
    total_revenue: Money = Decimal(0)
    monthly_revenue: Money = Decimal(0)
    completion_rate: float = 0.0
    student_satisfaction_rate: float = 0.0
    last_updated: Instant | None = None
    last_calculated: Instant | None = None
